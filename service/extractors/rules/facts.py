"""Facts: who somebody is, what they have and do. Those that fill an attribute are in `slot_facts`, which is asked first of all rows that ask for a verb."""

from __future__ import annotations

from service.domain.kinds import MemoryType
from service.extractors.rules.reading import Subject, Tense
from service.extractors.rules.slot_facts import SLOTS
from service.extractors.rules.table import NOW, OTHERS, Outcome, PhraseRule, Table, VerbRule, p

_F = MemoryType.FACT
_SELF = frozenset({Subject.SELF})
_KNOWN = frozenset({Subject.SELF, Subject.MINE, Subject.PRONOUN, Subject.NOUN})
_LASTING = frozenset({Tense.PRESENT, Tense.PROGRESSIVE, Tense.PERFECT})
_PRESENT = frozenset({Tense.PRESENT})

PHRASES = (
    PhraseRule(
        "has_allergy",
        _F,
        "allergic allergy intolerant intolerance anaphylactic coeliac celiac diabetic asthmatic",
        p(r"\b(?:allergic|allergy|intolerant|intolerance|anaphylactic|coeliac|celiac|diabetic|asthmatic)\b"),
        confidence=0.9,
    ),
    PhraseRule(
        "called",
        _F,
        "called named",
        p(r"\b(?:is|are|was|'s|dog|cat|daughter|son|sister|brother|wife|husband|partner|\w+) (?:called|named) \w"),
        unless=p(
            r"\b(?:heard|met|saw|watched|visited|played)\b.*\b(?:called|named)\b"
            r"|\b(?:i|we|he|she|they|has|have|had|just|who) (?:called|named)\b|\bcalled (?:me|us|him|her|them|off|"
            r"back|in|out|the)\b"
        ),
        confidence=0.85,
    ),
    PhraseRule(
        "years_old",
        _F,
        "old turns years turned aged",
        p(r"\b\d{1,3}[- ](?:years?|months?|weeks?)[- ]old\b|\baged \d"),
        unless=p(
            r"(?:'m|'s|\b(?:am|is|are)) (?:only |just |almost |nearly |now )?\d{1,3} years? old(?=$|,| and| so| but)"
        ),  # fills `age`
        confidence=0.85,
    ),
    PhraseRule(
        "has_none",
        _F,
        "no",
        p(
            r"^no (?:kids?|children|car|pets?|siblings|licen[cs]e|partner|boyfriend|girlfriend|brothers?|sisters?|"
            r"driving licen[cs]e|allergies|garden|smartphone|dog|cat|family|degree|experience|insurance|microwave|"
            r"oven|dishwasher|printer|tv)\b"
        ),
        polarity=-1,
        confidence=0.7,
        reword="has",
    ),
    PhraseRule(
        "decision",
        _F,
        "decision decided agreed go going",
        p(
            r"^(?:decision|decided|agreed|resolved)\b|\bwe(?:'ve| have)? (?:decided|agreed) (?:to|on|that|against)\b|\bwe(?:'ll| will|'re going "
            r"to)? (?:go|going) (?:with|for) \w"
        ),
        confidence=0.8,
    ),
    PhraseRule(
        "phobia", _F, "terrified scared afraid frightened", p(r"\b(?:terrified|scared|afraid|frightened) of \w"), confidence=0.7
    ),
    PhraseRule(
        "on_medication",
        _F,
        "mg mcg ml dose tablets units insulin",
        p(
            r"\b(?:i'm on|is on|are on|take|takes|taking|prescribed|the)\b.*\b\d[\d.,]* ?(?:mg|mcg|ml|units)\b|"
            r"\bon insulin\b"
        ),
        confidence=0.85,
    ),
    PhraseRule("size", _F, "size eu uk us", p(r"\b(?:i'm|i am|i wear|i take|my)\b.*\b(?:size|eu|uk|us) ?\d"), confidence=0.75),
    PhraseRule(
        "amount",
        _F,
        "month week year hour day mo annually",
        p(
            r"(?:[£$€]\s?\d|\b\d[\d.,]*k?(?: ?(?:quid|euros?|dollars|pounds|bucks))?) ?(?:a|per|/|each) ?(?:month|"
            r"week|year|hour|day|mo|annum)\b"
        ),
        confidence=0.75,
    ),
)

_VAGUE = p(
    r"^(?:a |an |the |some |any |no |one |another |my |our )?(?:\w+ )?(?:question|questions|idea|clue|"
    r"look|problem|problems|issue|issues|thing|things|feeling|doubt|guess|point|chance|try|"
    r"minute|moment|go|plan|plans|fun|nice|sense|way|lot|favour|favor|request|suggestion|follow-up|"
    r"work to do)\b(?! (?:with|in|at) my)|^(?:to|you|it|this|that|them|so)\b(?! \w+ \w+ \w+)|^(?:enough|"
    r"more|less)\b|^\w+ing (?:it|this|that|them)\b"
)
_NOT_A_STATE = p(
    r"^(?:sure|sorry|fine|ok|okay|good|great|well|done|back|here|there|ready|aware|curious|confused|"
    r"interested in (?:hearing|knowing)|afraid|wrong|right|kidding|joking|stuck|lost|able|about to|"
    r"not|going|looking|trying|thinking|wondering|asking|guessing|hoping|planning|kind of|sort of|like|"
    r"just|so|such|too|very|really|happy|glad|alright|all (?:set|good|ears)|welcome|in(?: trouble| pain| luck| love| a rush| a hurry|$)|on it|up|down|off|"
    r"late|early|"
    r"a (?:bit|little|lot|mess|fool|bad|good|great|nice|real|big|huge|pain|shame|pity|joke|problem)|"
    r"the (?:best|worst|one|same|thing|only|problem|problem is)|what|why|how|because|when|if|it|that|this|"
    r"perfect|amazing|awesome|nice|lovely|terrible|awful|funny|weird|"
    r"crazy|true|false|possible|impossible|easy|hard(?! of hearing)|difficult|important|a thing|me|you|my turn|all|"
    r"everything|nothing|something|worth|long story|same|better|worse|cool|bad|short|gone)\b"
)

GENERAL = (
    VerbRule(
        "is_somebody",
        _F,
        "be",
        p(
            r"(?:now |still |also |currently |actually )*(?:a|an|the|from|allergic|blind|deaf|left-handed|"
            r"right-handed|hard of hearing|partially sighted|visually impaired|paraly[sz]ed|colou?rblind|dyslexic|autistic|pregnant|retired|"
            r"unemployed|self-employed|freelance|"
            r"bilingual|trilingual|"
            r"on (?!it|that|this|my way|the way|top|board|time|about)\w+|"
            r"at (?:the|uni|university|school|home|\d)|in (?:the|my|a|year|grade|hospital|therapy|recovery|rehab|"
            r"remission|charge|\d|[\w' ]+ now)|"
            r"half|\w+-year-old|born|trained|in charge|responsible|off (?:work|sick|gluten|sugar|dairy|alcohol)|"
            r"out (?:of|from)|away|broken|called|named|ex\b|\w+ist\b|\d)"
        ),
        unless=_NOT_A_STATE,
        tenses=_LASTING,
        subjects=_KNOWN,
        confidence=0.75,
    ),
    VerbRule("has", _F, "have get own keep", p(r"\S"), unless=_VAGUE, tenses=_LASTING, subjects=_KNOWN, confidence=0.8),
    VerbRule(
        "does",
        _F,
        "work live study teach run manage lead drive speak play read write use raise rent train commute "
        "volunteer sing collect grow cook bake make sell earn pay save share "
        "bike belong suffer struggle weigh sleep wake swim cycle ride attend coach practise practice fly paint "
        "code build host support follow own wear take walk serve handle cover deal hold farm fish hunt knit "
        "sew garden "
        "jog hike climb ski surf dance meditate smoke vape drink eat measure cost close open start end "
        "contain include require expire renew owe carry go stay meet sit stand consist depend",
        p(r"\S"),
        unless=p(
            r"^(?:to (?:ask|know|see|find|say|check|make|figure|get going|think|go|talk|stop)\b|you\b|help|sense|"
            r"care|it$|this$|that$|me$|a (?:look|minute|moment|break|dinner|lunch|recipe|gift|present|good|decent|"
            r"new|quick|second|hand|favou?r)|some (?:help|advice|tips|ideas)|advice|tips|ideas|something|"
            r"an? \w+ idea|on$|off$|ahead|back|over$|in$|out$|up$|down$|wrong|well$|fine$)"
        ),
        tenses=_LASTING,
        subjects=_KNOWN,
        confidence=0.75,
    ),
    VerbRule(
        "learns",
        _F,
        "learn study train save prepare build write work train raise renovate restore",
        p(r"\S"),
        tenses=frozenset({Tense.PROGRESSIVE, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        confidence=0.75,
    ),
    VerbRule(
        "cannot",
        _F,
        (
            "eat drink have drive swim speak walk work read hear see digest tolerate cook ride use leave lift "
            "travel fly return refund drop be"
        ),
        p(r"\S"),
        tenses=frozenset({Tense.MODAL}),
        negated=True,
        subjects=_KNOWN,
        unless=p(r"^(?:wait|you|it$|to|any|sure|what|why|how|the point|believe|help|stop|that)\b"),
        confidence=0.8,
    ),
    VerbRule(
        "no_longer",
        _F,
        "work live eat drink smoke have use go do take play drive see own run rent",
        p(r"\S"),
        tenses=frozenset({Tense.PRESENT, Tense.PROGRESSIVE}),
        negated=True,
        subjects=_KNOWN,
        unless=p(r"^(?:to |know|you|it\b|that\b|this\b|any (?:idea|clue))"),
        confidence=0.8,
    ),
    VerbRule(
        "gets_condition",
        _F,
        "get",
        p(
            r"(?:really |very |so |always |easily )*(?:car|sea|air|motion|travel)?sick\b|migraines?|headaches|"
            r"hay ?fever|dizzy|hives"
        ),
        tenses=_PRESENT,
        subjects=_KNOWN,
        negated=False,
        confidence=0.75,
    ),
    VerbRule(
        "decided",
        _F,
        "decide agree choose",
        p(r"(?:on|to|that|against) \w"),
        tenses=frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        confidence=0.75,
    ),
    VerbRule(
        "other_is",
        _F,
        "be",
        p(
            r"(?:\w+'s |\w+ ){0,1}(?:a|an|the|\d|\w+ (?:year|month)|free|open|closed|called|[\w-]+ed\b|always|"
            r"usually|on|at|in|from|for|only|about|around|under|over)"
        ),
        unless=_NOT_A_STATE,
        tenses=_LASTING,
        subjects=frozenset({Subject.MINE, Subject.PRONOUN}),
        confidence=0.7,
    ),
    VerbRule(
        "mine_is",
        _F,
        "be",
        p(r"\w"),
        unless=_NOT_A_STATE,
        tenses=_PRESENT,
        subjects=frozenset({Subject.MINE}),
        confidence=0.6,
    ),
    VerbRule(
        "unable",
        _F,
        "drive swim ride cook dance ski sing whistle type knit sew",
        p(r"$"),
        tenses=frozenset({Tense.MODAL}),
        negated=True,
        subjects=_KNOWN,
        confidence=0.75,
    ),
    VerbRule(
        "never_did",
        _F,
        "be have try do see visit eat drink ride drive fly meet read watch own live work learn play",
        p(r"\S"),
        tenses=frozenset({Tense.PERFECT}),
        subjects=_KNOWN,
        negated=True,
        unless=p(r"^(?:so |more |better|happier|this|that|a (?:big )?fan|it\b|able|sure|good|great|one )"),
        confidence=0.65,
    ),
    VerbRule(
        "used_to",
        _F,
        "use",
        p(r"to (?!it\b|that\b|this\b)\w"),
        tenses=frozenset({Tense.PAST}),
        subjects=_KNOWN,
        negated=False,
        confidence=0.7,
    ),
    VerbRule(
        "tries_to",
        _F,
        "try",
        p(
            r"to (?:quit|stop|give up|cut|lose|gain|save|learn|eat|drink|sleep|get (?:pregnant|fit|into|better at|back into)|conceive|"
            r"become|finish|write|build|reduce|avoid|spend|exercise|run|read|improve|sell|buy)\b"
        ),
        tenses=frozenset({Tense.PROGRESSIVE, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        unless=p(r"\b(?:this|that|it)$"),
        confidence=0.65,
    ),
    VerbRule(
        "tries_out",
        _F,
        "try plan organise organize prepare",
        p(r"(?:out |for )?(?:a|an|my|our|the|some|another|\w+ing|\w+) \w"),
        tenses=frozenset({Tense.PROGRESSIVE}),
        subjects=_KNOWN,
        negated=False,
        unless=p(
            r"^(?:to (?:understand|see|find|figure|get|do|make|be|not|think|help|keep|stay|say|use|set)\b|it\b|this\b|that\b|on\b)|\byou\b"
        ),
        confidence=0.65,
    ),
    VerbRule(
        "thing_state",
        _F,
        "be",
        p(r"(?:broken|closed|open|shut|free|full|missing|sold out|out of order|ex[- ]\w|.{0,40}\d)"),
        unless=p(r"\?"),
        tenses=_PRESENT,
        subjects=frozenset({Subject.NOUN}),
        confidence=0.65,
    ),
    VerbRule(
        "person_does",
        _F,
        (
            "work live study teach run manage lead drive speak play use own cover handle wear take need keep "
            "sell love owe help support cook look have"
        ),
        p(
            r"(?!amazing|great|awesome|good|nice|lovely|beautiful|cool|fantastic|incredible|fun|like|so |really |wonderful|cute|delicious)\S"
        ),
        tenses=NOW,
        subjects=OTHERS,
        negated=False,
        unless=p(r"^(?:you|fine|sense|good|great|to \w+$)"),
        confidence=0.65,
    ),
)

TABLE = Table(PHRASES, (*SLOTS, *GENERAL))

POSSESSION = Outcome("possession", _F, 0.85)
"""What fills an attribute of the speaker's, whatever its words."""

STATED = Outcome("stated", _F, 0.6)
"""A statement of a document that no row knows: documents state what is so."""
