"""Preferences: likes, dislikes, how something is wanted, and standing requests."""

from __future__ import annotations

from service.domain.kinds import MemoryType
from service.extractors.rules.clauses import Clause
from service.extractors.rules.reading import Subject, Tense
from service.extractors.rules.table import ANYBODY, NOW, SPEAKER, TOLD, Outcome, PhraseRule, Table, VerbRule, p

_P = MemoryType.PREFERENCE
_WISHING = frozenset({Tense.PRESENT, Tense.PROGRESSIVE, Tense.PERFECT, Tense.PAST})
_ASKING = frozenset({Subject.NONE, Subject.SELF})

PHRASES = (
    PhraseRule(
        "would_rather",
        _P,
        "rather prefer",
        p(r"\b(?:i|we|she|he|they)(?:'d| would) (?:much |really |definitely )?(?:rather|prefer)\b"),
        strength=0.7,
    ),
    PhraseRule(
        "rather_than",
        _P,
        "rather instead over",
        p(r"\b(?:rather than|instead of)\b.*(?:please|pls|\?|$)|\bover \w+(?: \w+)?,? (?:please|pls|any ?day)"),
        unless=p(r"\b(?:went|was|got|joined|took|bought|is|were)\b"),
        reword="wants",
    ),
    PhraseRule(
        "favourite",
        _P,
        "favourite favorite favourites favorites fave favs",
        p(r"\b(?:my|our|his|her|their|'s)\b.*\b(?:favou?rites?|fave)\b|\bfavou?rites? (?:of mine|is|are)\b"),
        unless=p(r"\byour favou?rite\b"),
        confidence=0.9,
        strength=0.9,
    ),
    PhraseRule(
        "cannot_stand",
        _P,
        "stand bear",
        p(r"\b(?:can't|cant|cannot|can not|couldn't|can hardly|can barely) (?:really )?(?:stand|bear)\b"),
        confidence=0.9,
        polarity=-1,
        strength=0.9,
    ),
    PhraseRule(
        "not_my_thing",
        _P,
        "thing cup fan into keen fussed bothered",
        p(
            r"\b(?:not|n't|never been|no) (?:really |exactly |that |much |a |big |huge |of )*(?:my (?:thing|"
            r"cup of tea)|(?:a )?(?:big |huge )?fan|into|keen on)\b"
        ),
        polarity=-1,
        strength=0.6,
    ),
    PhraseRule(
        "fan_of",
        _P,
        "fan into keen obsessed fond addicted partial hooked",
        p(
            r"\b(?:i|i'm|we're|she's|he's|they're|am|is|are|been|always|really)\b.*\b(?:(?:a )?(?:big |"
            r"huge )?fan of|into|keen on|obsessed with|fond of|addicted to|partial to|hooked on) \w"
        ),
        unless=p(
            r"\binto (?:the|a|an|my|our|account|it|trouble|problems|bed)\b|\b(?:went|got|ran|moved|drove|turned|"
            r"came|walked|signed|looking|look|put) "
        ),
        strength=0.8,
    ),
    PhraseRule(
        "drives_mad",
        _P,
        "drive drives driving",
        p(r"\bdriv(?:e|es|ing) (?:me|us) (?:up the wall|mad|crazy|nuts|insane|round the bend)"),
        polarity=-1,
        strength=0.9,
    ),
    PhraseRule(
        "works_best",
        _P,
        "better best faster easier easiest",
        p(
            r"\b(?:i|we) (?:\w+ ){0,2}(?:learn|work|understand|remember|focus|concentrate|sleep|"
            r"get) (?:\w+ ){0,3}(?:better|best|faster|easier)\b|\b(?:works?|suits?) (?:me |us )?(?:better|"
            r"best)(?: for (?:me|us))?\b"
        ),
        strength=0.6,
    ),
    PhraseRule(
        "standing_no",
        _P,
        "no",
        p(
            r"(?:^|\b(?:please|pls|so|and|but|also),? )no (?:more )?[\w' /-]{3,60}?,? ?(?:please|pls|plz|at all|"
            r"whatsoever|of any kind|for (?:me|us)|thanks)\b|^(?:please|pls) no \w|^no more \w+"
        ),
        unless=p(r"^no (?:problem|worries|need|rush|idea|hurry|thanks|one|way|more questions)"),
        polarity=-1,
        strength=0.8,
        reword="wants",
    ),
    PhraseRule(
        "standing_not",
        _P,
        "don't dont do never stop avoid",
        p(
            r"^(?:please |pls |and |so |just )*(?:don't|dont|do not|never|stop|avoid) (?:ever |always |"
            r"please )?(?:call|ring|phone|text|email|send|use|using|suggest|suggesting|recommend|recommending|"
            r"mention|put|include|show|give|ask|asking|add|adding|schedule|book|write|tell|address|offer|contact|"
            r"start|end|bring|serve|order|remind|make|assume|translate|sign|post|share|explain|repeat|change|"
            r"plan)\b"
        ),
        unless=p(r"\b(?:don't|do not) (?:worry|forget|mind)\b"),
        polarity=-1,
        strength=0.8,
        reword="asks",
    ),
    PhraseRule(
        "standing_request",
        _P,
        "always only every please pls from future going",
        p(
            r"^(?:and |so |but |just |then )*(?:please|pls)?,? ?(?:please |pls )?(?:always|only|from now on|"
            r"in (?:the )?future|going forward),? (?:please |pls |just )?(?:use|call|text|email|send|write|show|"
            r"give|keep|answer|reply|put|add|include|book|remind|address|speak|ask|explain|sign|start|format|"
            r"round|convert|quote|list|tell|contact|ring|schedule|order|suggest|recommend|deliver|make|mention|"
            r"check)\b|\b(?:please|pls),? always\b|\balways,? (?:please|pls)\b|\bfrom now on\b|\bonly,? (?:please|"
            r"pls)\b"
        ),
        confidence=0.85,
        strength=0.8,
        reword="asks",
    ),
    PhraseRule(
        "standing_order",
        _P,
        "always never",
        p(r"^(?:please |pls )?(?:always|never) [a-z]+ \w+.{3}"),
        unless=p(
            r"^(?:please |pls )?(?:always|never) (?:been|was|had|have|again|mind|a|an|the|in|on|so|too|more|less|"
            r"wanted|loved|thought|knew|know|give up|forget|lose|full|there|here|good|fun|great|nice|happy|ready|available|possible|"
            r"\w+ed|\w+ing)\b"
        ),
        confidence=0.8,
        strength=0.8,
        reword="asks",
    ),
    PhraseRule(
        "keep_it",
        _P,
        "keep stick call address reply answer write speak remind deliver",
        p(
            r"^(?:please |pls |and |so |just |can you |could you |can u )*(?:keep (?:it|them|things|answers|"
            r"replies|your answers|everything|messages) |stick (?:to|with) |call me |address me |(?:reply|answer|"
            r"write|speak|respond) (?:to me )?(?:in|with|as|briefly|shortly) |remind me (?:every|each|on the|"
            r"always|weekly|monthly|daily) |deliver (?:to|it|them) )"
        ),
        unless=p(r"^keep it up\b|\bcall me (?:back|when|at|on|if|in|tomorrow|later|asap|now|today)\b"),
        confidence=0.8,
        strength=0.7,
        reword="asks",
    ),
    PhraseRule(
        "text_not_call",
        _P,
        "text email sms ring call phone message post",
        p(
            r"\b(?:text|email|e-mail|sms|message|call|ring|by (?:text|email|e-mail|phone|"
            r"post))\b.*\b(?:rather than|not|instead of|over)\b.*\b(?:ring|call|phone|slack|email|text|post|"
            r"letter|whatsapp|message)"
        ),
        confidence=0.85,
        strength=0.7,
        reword="wants",
    ),
    PhraseRule(
        "this_not_that",
        _P,
        "send use give show write order bring get buy pack cook make",
        p(
            r"^(?:please |pls |and |so |just |only )*(?:send|use|give|show|write|order|bring|get|buy|pack|cook|make) (?:me |us )?(?:[\w-]+ ){0,2}[\w-]+s,? "
            r"(?:not|no|never|instead of|rather than) (?:[\w-]+ ){0,2}[\w-]+s$"
        ),
        strength=0.7,
        reword="asks",
    ),
    PhraseRule(
        "over_please",
        _P,
        "over not",
        p(r"\b\w+ (?:over|not) \w+(?: \w+)?,? (?:please|pls)\b|\bnot (?:the |a )?[\w ]{2,30},? (?:please|pls)\b"),
        strength=0.7,
        reword="wants",
    ),
    PhraseRule(
        "bare_no",
        _P,
        "no",
        p(r"^no (?:[a-z-]+ )?[a-z-]{3,}$"),
        unless=p(
            r"^no (?:problem|worries|idea|thanks?|way|one|need|rush|clue|doubt|chance|luck|comment|reply|response|change|difference|"
            r"questions?|more questions|longer|hurry|big deal|biggie|offen[cs]e|kidding|joke|car|kids|children|pets|wonder|matter|worry|"
            r"\w+ (?:needed|required|yet|either|here|today|now|left|hurt|there|again)|\w+ (?:deal|problem|idea|way|rush|reason|news))\b"
        ),
        confidence=0.5,
        polarity=-1,
        strength=0.6,
        reword="wants",
    ),
    PhraseRule(
        "not_this",
        _P,
        "not",
        p(
            r"^not (?:the |any )?[a-z]+$|^not (?:doing|using|buying|eating|going|trying|having) (?:that|it|this|there|\w+) (?:again|any ?more)$"
        ),
        unless=p(
            r"^not (?:really|yet|now|today|sure|bad|much|exactly|always|often|here|there|me|you|that|this|it|anymore|necessarily|allergic|only|"
            r"even|at|quite|particularly|again|working|great|good|ideal|happy)$"
        ),
        confidence=0.55,
        polarity=-1,
        strength=0.5,
        reword="wants",
    ),
    PhraseRule(
        "at_most",
        _P,
        "max maximum under most budget",
        p(
            r"^(?:\w+ ){0,3}(?:max|maximum|at most|under|up to|no more than|budget)\b.{0,20}\d|\d[\d.,k]* ?(?:\w+ )?(?:max|tops|at most)\b"
        ),
        confidence=0.65,
        strength=0.7,
        reword="wants",
    ),
    PhraseRule(
        "only_kind",
        _P,
        "only",
        p(
            r"^(?:\w+ ){1,3}only$|\bonly (?:want|drink|eat|buy|wear|use|train|"
            r"read|watch|listen|work|fly|travel)\b"
        ),
        unless=p(r"^(?:the|there|it|that|not|and) "),
        confidence=0.7,
        strength=0.7,
    ),
    PhraseRule(
        "have_to_be",
        _P,
        "must has needs need",
        p(r"\b(?:it|they|this|that) (?:has|have|needs?|must) (?:to )?be (?:\w+ ){0,4}\w+"),
        unless=p(r"\b(?:done|careful|honest|fun|hard|said|joking|kidding)\b"),
        confidence=0.6,
        strength=0.8,
    ),
    PhraseRule(
        "not_before",
        _P,
        "nothing not never",
        p(
            r"\b(?:please )?(?:nothing|not|never|no calls|no meetings) (?:scheduled |booked |planned )?(?:before|"
            r"after|on|until|earlier than|later than) \w+"
        ),
        unless=p(r"\b(?:was|were|is|am|are|will|did|going|there|come|back)\b"),
        polarity=-1,
        strength=0.7,
        reword="wants",
    ),
    PhraseRule(
        "rated", _P, "10 ten stars", p(r"\b(?:10|ten)\s?/\s?10\b|\b(?:five|5)[- ]stars?\b"), strength=1.0, confidence=0.65
    ),
)

VERBS = (
    VerbRule(
        "would_like",
        _P,
        "like love",
        tenses=frozenset({Tense.MODAL}),
        rest=p(
            r"to (?:avoid|keep|have|be called|get|stay|use|go (?:on )?(?:with|for))|it (?:if|when)|(?:my|the|an?|"
            r"some|all|more|less) "
        ),
        unless=p(r"\bto know\b|\bto ask\b|\bhelp\b"),
        subjects=SPEAKER,
        confidence=0.65,
        strength=0.6,
    ),
    VerbRule(
        "likes",
        _P,
        "like love adore enjoy prefer fancy appreciate crave",
        tenses=_WISHING,
        negated=False,
        unless=p(
            r"^(?:it (?:when you|if you)|to know|to ask|you\b|that (?:idea|one)$|it$|this$|that$|the (?:idea|"
            r"sound|look)(?: of)?(?: it| that)?$)"
        ),
        confidence=0.85,
        strength=0.7,
    ),
    VerbRule(
        "does_not_like",
        _P,
        "like love adore enjoy prefer fancy appreciate want need trust care",
        tenses=frozenset({Tense.PRESENT, Tense.PAST, Tense.PERFECT}),
        negated=True,
        rest=p(r"\S"),
        unless=p(r"^(?:to (?:bother|sound|be rude|worry|hear|go into)|you\b|a hire|any help)"),
        confidence=0.85,
        strength=0.7,
    ),
    VerbRule(
        "hates",
        _P,
        "hate dislike loathe despise detest resent",
        tenses=_WISHING,
        polarity=-1,
        unless=p(r"^to (?:ask|bother|say|admit|interrupt)"),
        confidence=0.9,
        strength=0.9,
    ),
    VerbRule(
        "be_into",
        _P,
        "be",
        rest=p(
            r"(?:\w+ ){0,2}(?:into|all about|a sucker for|crazy about|mad about|nuts about|passionate about|"
            r"not (?:a|much of a|really a) \w+ person|a \w+ person)\b"
        ),
        unless=p(r"\bpeople person\b"),
        tenses=NOW,
        strength=0.8,
    ),
    VerbRule(
        "wants",
        _P,
        "want",
        rest=p(
            r"(?:it|them|this|that|everything|something|the|a|an|my|no|more|less|only|to (?:avoid|keep|stop|pay|"
            r"save|lose|get|be|have|reach|finish|stay|learn|run|eat|spend)|\d|\w+s\b)"
        ),
        unless=p(
            r"^(?:to (?:ask|know|see|check|make sure|say|talk|understand|be (?:sure|clear|honest)|have a look|"
            r"get (?:started|going))|(?:all |some |more )?(?:the )?(?:details?|info|information|news|gossip|answers?)$|you to|a (?:quick|"
            r"second|new|recipe|list|tip))\b"
        ),
        tenses=NOW,
        subjects=ANYBODY - {Subject.NONE},
        negated=False,
        confidence=0.7,
        strength=0.6,
    ),
    VerbRule(
        "always_never",
        _P,
        "choose pick order eat drink buy fly sit take use wear read watch listen book travel stay go",
        rest=p(
            r".*\b(?:seats?|window|aisle|vegetarian|vegan|organic|second[- ]hand|local|black|decaf|oat|direct|"
            r"non-stop)\b"
        ),
        tenses=frozenset({Tense.PRESENT}),
        subjects=SPEAKER,
        confidence=0.6,
        strength=0.7,
    ),
    VerbRule(
        "avoids",
        _P,
        "avoid refuse ban",
        tenses=NOW | frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=frozenset({Subject.SELF, Subject.MINE}),
        polarity=-1,
        strength=0.8,
    ),
    VerbRule(
        "gave_up",
        _P,
        "switch",
        rest=p(r"(?:over )?(?:from \w+(?: \w+)? )?to \w"),
        tenses=TOLD,
        unless=p(r"\b(?:job|jobs|team|school|company|shift|department|doctor)\b"),
        subjects=frozenset({Subject.SELF}),
        confidence=0.7,
        strength=0.6,
    ),
    VerbRule(
        "not_great_with",
        _P,
        "be",
        rest=p(r"(?:great|good|keen|comfortable|happy|big) (?:on|with|at) "),
        tenses=NOW,
        negated=True,
        subjects=_ASKING,
        confidence=0.65,
        strength=0.5,
    ),
    VerbRule(
        "ok_with",
        _P,
        "be",
        rest=p(r"(?:great|fine|ok|okay|perfect|best|ideal|too \w+)(?: (?:for|by|with) (?:me|us))?$"),
        tenses=frozenset({Tense.PRESENT}),
        subjects=frozenset({Subject.NOUN}),
        negated=False,
        confidence=0.55,
        strength=0.4,
    ),
)

TABLE = Table(PHRASES, VERBS)

STANDING_REQUEST = Outcome("standing_question", _P, 0.7, strength=0.6, reword="asks")
"""A question that asks for the way something is to be done from now on: "would you write instead of calling?"."""

_ASKED_OF_US = p(r"(?:and |so |but |also )*(?:can|could|would|will) (?:you|u|we)\b")
_LASTING = p(
    r"\b(?:rather than|instead of|always|never|from now on|in (?:the )?future|every (?:day|week|month|morning|evening|night|time|\w+day)|"
    r"each (?:day|week|time)|for next time|next time|only (?:use|call|text|email|send|show)|stop \w+ing|not (?:call|use|send|put|mention|include)|"
    r"(?:show|explain|send|give|answer|reply|write|speak|put|format)\b.{0,30}\b(?:with (?:graphs?|pictures?|diagrams?|examples?|steps?|bullet points?|"
    r"sources|links|code)|in (?:[a-z]+ (?:format|units|language)|bullet points|metric|english|spanish|german|french|celsius|fahrenheit|short)|"
    r"as (?:a )?(?:list|table|bullet points?)|step by step|shorter|brief))"
)


_ONE_PIECE = p(
    r"\b(?:write|draft|compose|translate|prepare|make|create) (?:(?:me|us|him|her|them) )?(?:an?|the|this|my|our|another) (?:[\w-]+ )?"
    r"(?:e-?mail|letter|text|message|reply|answer|poem|essay|post|summary|list|plan|table|function|script|speech|card|invitation|story)\b"
)
"""One piece of work is no standing request, whatever its language or form."""


def is_standing_request(clause: Clause) -> bool:
    """Whether a question is such a request."""
    return bool(_ASKED_OF_US.match(clause.lower) and _LASTING.search(clause.lower) and not _ONE_PIECE.search(clause.lower))
