"""Verb forms: from any form of a common English verb to its base and tense, and to the third person.

Only verbs of this list head a statement: a word that is not known to be a verb never makes one.
"""

from __future__ import annotations

from enum import IntEnum


class Form(IntEnum):
    """What a form of a verb can be."""

    BASE = 1
    THIRD = 2
    PAST = 3
    PARTICIPLE = 4
    PROGRESSIVE = 5


_REGULAR = """
accept achieve adopt agree aim announce answer apply approve arrange arrive ask assemble attend avoid bake ban bike bloat
board book borrow broadcast call camp cancel carry celebrate change check chip climb close coach collect commute complain complete
confirm contact contain cook cost cough cover crack crash crave crochet cry cycle dance date deal decide deduct deliver demand deploy design
despise detest develop die discharge discover dislike divorce donate download draft dream dress drop earn email emigrate employ end
engage enjoy enrol enroll enter exchange exercise expect expire export extend face fail faint farm fast fear file finish fire fish fix
follow freelance garden graduate guess handle happen harvest hate head heal help hike hire host hurt identify immigrate import
improve inherit inspect install intend interview invest invite join jog juggle jump kayak knit land last laugh launch learn like list
listen live loathe lock look love lower maintain major manage marry master match matter measure mentor migrate miss move name need
nominate notice offer open operate order organise organize oversee own paint park pass perform phone pick plan plant play practice
practise prefer prepare present print produce program promise promote propose publish pull purchase push race raise reach realise realize
receive recommend recover reduce refuse refund register relax release relocate remember remove renew rent repair replace reply report require
research reserve resign rest retire return review row sail save schedule scratch separate serve settle share ship shop show sign skate
skateboard ski skip smoke snore snowboard sound sponsor sprain stab start stay stop store stream stress stretch struggle study submit subscribe
suffer suggest supply support surf switch talk taste teach test text tidy tour track trade train transfer translate travel treat
trust try turn type undergo update upgrade upload use vape visit volunteer vote wait walk want warn wash watch water weigh welcome wish work
worry adore allow appreciate belong bother consist depend fancy resemble seem swallow tend crackle leak hope assign chair click
rely ride-share star-gaze love-bomb stagger resit revise demo ping ghost unsubscribe mute rehearse bully cater ferment forage whittle
mend sew embroider quilt lecture tutor pledge
care cause charge chat code compete compose conduct connect convince copy correct count create damage declare decorate dedicate defend delay delete deny
deserve destroy diagnose digest disagree disappear disappoint discuss divide downgrade drown dump dye elect encourage entertain escape establish evaluate
examine exist expand experience experiment explain explore express fetch film flood fold form frustrate fund gain gather greet guide hunt hurry ignore
imagine impress include increase inform injure inspire interrupt introduce invent iron irritate kick kill kiss knock label lift load manufacture mark
meditate mix mow notify obtain occur owe pack pause persuade photograph pitch polish postpone pour pray press pretend prevent process protect prove rate
react recall recognise recognize record recycle reduce reject relate remain remind renovate repeat reschedule rescue resent reside resolve
respond restart reboot reinstall restore reveal roast rush scare scream search settle shave shift slip smash smell smile sneeze solve sort specialise
specialize spill spoil spot squeeze stir succeed suspend survive swap tackle thank tie tolerate touch trace transform trip twist unlock unpack value waste
wipe witness wonder wrap wreck yell raise appeal assist attempt award coordinate debug emigrate evict foster frame
immigrate inject negotiate onboard outsource patent plead prototype refactor refinance refurbish rehome relapse remodel
sculpt tattoo tile upcycle vaccinate weld
"""

_IRREGULAR = """
be was been|become became become|begin began begun|bite bit bitten|break broke broken|bring brought brought|build built built|rebuild
rebuilt rebuilt|buy bought bought
|catch caught caught|choose chose chosen|come came come|cut cut cut|do did done|draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten
|fall fell fallen|feed fed fed|feel felt felt|fight fought fought|find found found|fly flew flown|forget forgot forgotten|get got gotten
|give gave given|go went gone|grow grew grown|have had had|hear heard heard|hide hid hidden|hit hit hit|hold held held|keep kept kept
|know knew known|lead led led|leave left left|lend lent lent|let let let|lie lay lain|lose lost lost|make made made|mean meant meant|meet met met
|pay paid paid|put put put|quit quit quit|read read read|rent rented rented|ride rode ridden|ring rang rung|rise rose risen|run ran run|say said said
|see saw seen|sell sold sold|send sent sent|set set set|shoot shot shot|shut shut shut|sing sang sung|sit sat sat|sleep slept slept
|speak spoke spoken|spend spent spent|split split split|stand stood stood|steal stole stolen|swim swam swum|take took taken|teach taught taught
|tell told told|think thought thought|throw threw thrown|understand understood understood|wake woke woken|wear wore worn|win won won
|write wrote written|bet bet bet|burn burnt burnt|cost cost cost|dream dreamt dreamt|freeze froze frozen|hang hung hung|learn learnt learnt
|overcome overcame overcome|shake shook shaken|sew sewed sewn|spread spread spread|stick stuck stuck|swear swore sworn|tear tore torn
|rewrite rewrote rewritten|sublet sublet sublet|withdraw withdrew withdrawn|forgive forgave forgiven|misread misread misread
|reset reset reset|undergo underwent undergone|babysit babysat babysat|hurt hurt hurt
"""

_DOUBLING = frozenset(
    "ban bat chat chip drop fit hop jog knit mop nap pat plan quit rub run shop sit skip slip stab stop "
    "swim tap trip win cut get hit let put set"
    " shut begin forget ship split step grab hug program transfer refer prefer enrol travel cancel level "
    "label model".split()
)

NOUNS_TOO = frozenset(
    """answer bike board book call camp change chip close coach cook cost cough cover crack crash date deal demand design draft dream dress drop end
    exchange exercise export face fall farm fear file fire fish fix garden head help hike host import interview kayak land last laugh launch like
    list lock look love lower major master match matter measure name need offer open order park pass phone pick plan plant play practice present print
    program promise pull purchase push race raise release rent repair reply report research rest return review row sail share ship shop show sign
    ski smoke sound sponsor start stay stop store stream stress stretch study supply support surf switch talk taste test text tour track trade train
    transfer travel treat trust turn type update upgrade use visit vote wait walk wash watch water wish work worry bite break build cut drink drive
    feed feel fight fly hit hold keep lead leave lie make mean meeting put read ride ring rise run saw sell set shot shoot shut sleep split stand swim
    care cause charge chat code copy count damage delay dye escape experience experiment film flood fold form fund gain guide hunt hurry increase iron
    kick kiss knock label lift load mark mix pack pause photograph pitch polish press process rate record rescue reset rush scare scream search shift
    slip smell smile spot swap tie tile touch trace trip twist value waste witness wonder wreck appeal attempt award frame patent tattoo prototype
    think throw wake wear win bet burn freeze shake spread stick tear demo ping ghost""".split()
)
"""Forms that are at least as often nouns: they head a statement only right after a pronoun."""


def third_person(base: str) -> str:
    """The present form for he, she and it."""
    if base in {"be", "have", "do", "go"}:
        return {"be": "is", "have": "has", "do": "does", "go": "goes"}[base]
    if base.endswith(("s", "x", "z", "ch", "sh")):
        return base + "es"
    if base.endswith("y") and base[-2:-1] not in set("aeiou"):
        return base[:-1] + "ies"
    return base + "s"


def _past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2:-1] not in set("aeiou"):
        return base[:-1] + "ied"
    return base + (base[-1] if base in _DOUBLING else "") + "ed"


def _progressive(base: str) -> str:
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "ye", "oe")) and base != "be":
        return base[:-1] + "ing"
    return base + (base[-1] if base in _DOUBLING else "") + "ing"


def _forms() -> dict[str, dict[Form, str]]:
    table: dict[str, dict[Form, str]] = {}

    def add(form: str, kind: Form, base: str) -> None:
        table.setdefault(form, {}).setdefault(kind, base)

    irregular = [entry.split() for entry in _IRREGULAR.replace("\n", " ").split("|")]
    regular = [(base, _past(base), _past(base)) for base in _REGULAR.split()]
    for base, past, participle in [*irregular, *regular]:
        add(base, Form.BASE, base)
        add(third_person(base), Form.THIRD, base)
        add(past, Form.PAST, base)
        add(participle, Form.PARTICIPLE, base)
        add(_progressive(base), Form.PROGRESSIVE, base)
    return table


FORMS: dict[str, dict[Form, str]] = _forms()
"""Every known form: what it can be, and of which verb."""

FORMS["founded"] = {Form.PAST: "found", Form.PARTICIPLE: "found"}
"""To found; "I found" is nearly always to find."""

for _form, _base in {"am": "be", "is": "be", "are": "be", "were": "be"}.items():
    FORMS[_form] = {Form.PAST if _form == "were" else Form.THIRD: _base}

_NO_PROGRESSIVES = frozenset(
    """nothing something anything everything morning evening interesting exciting boring challenging exhausting annoying frustrating tiring depressing
    overwhelming stunning charming demanding promising relaxing refreshing rewarding inspiring missing willing lacking outstanding upcoming ongoing
    string spring king thing ring wedding building during being amazing fascinating thrilling touching moving terrifying embarrassing confusing
    disgusting heartbreaking heartwarming encouraging disappointing shocking surprising worrying alarming satisfying pleasing""".split()
)
_NO_PASTS = frozenset(
    "tired bored excited interested need indeed bed red hundred sacred naked wicked beloved married retired worried scared embarrassed".split()
)
_SHORTEST_GUESS = 6


def guessed_progressive(word: str) -> str:
    """The base of a verb that is not in the list, from its form behind "be": "blogging"; nothing where it is none."""
    is_one = word.endswith("ing") and len(word) >= _SHORTEST_GUESS and word.isalpha() and word not in _NO_PROGRESSIVES
    return _single(word[:-3]) if is_one else ""


def guessed_past(word: str) -> str:
    """The base of a verb that is not in the list, from its form right behind "I" or "we": "blogged"; nothing where it is none."""
    is_one = word.endswith("ed") and len(word) >= _SHORTEST_GUESS and word.isalpha() and word not in _NO_PASTS
    return _single(word[:-2]) if is_one else ""


def _single(stem: str) -> str:
    return stem[:-1] if stem[-1] == stem[-2] and stem[-1] not in "lsz" else stem
