"""German."""

from __future__ import annotations

from service.extractors.rules.languages.lexicon import DateWords, Lexicon

_END = r"(?=$|[,.;(]| (?:und|aber|seit|mit|weil|als|am|vor|jetzt|für|in|bei)\b)"
"""What ends the value of an attribute."""

GERMAN = Lexicon(
    code="de",
    dates=DateWords(
        weekdays=("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag|sonnabend", "sonntag"),
        months=(
            "januar|jänner",
            "februar",
            "märz",
            "april",
            "mai",
            "juni",
            "juli",
            "august",
            "september",
            "oktober",
            "november",
            "dezember",
        ),
        units=("tage?n?", "wochen?", "monate?n?", "jahre?n?"),
        numbers={
            word: number
            for number, word in enumerate(
                "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn "
                "zwanzig".split()
            )
        }
        | {"ein": 1, "eine": 1, "einem": 1, "einer": 1, "einen": 1},
        rows=(
            (r"übermorgen", "day after tomorrow"),
            (r"vorgestern", "day before yesterday"),
            (r"(?<!guten )(?<!am )(?<!jeden )morgen(?! früh um \d)|morgen früh", "tomorrow"),
            (r"gestern(?: abend)?", "yesterday"),
            (r"heute(?: abend| früh| morgen)?", "today"),
            (r"(?:am )?{w} (?:in der )?nächste[rn]? woche|nächste[rn]? woche (?:am )?{w}", "{w} next week"),
            (r"(?:am )?(?:nächste[rnm]?|kommende[rnm]?) {w}", "next {w}"),
            (r"(?:am )?(?:letzte[rnm]?|vergangene[rnm]?|vorige[rnm]?) {w}", "last {w}"),
            (r"(?:nächste|kommende)[rn]? woche", "next week"),
            (r"(?:nächste|kommende)[nr]? monat", "next month"),
            (r"nächste[sn]? jahr", "next year"),
            (r"(?:letzte|vorige|vergangene)[rn]? woche", "last week"),
            (r"(?:letzte|vorige|vergangene)[nr]? monat", "last month"),
            (r"(?:letzte|voriges|vergangene)[sn]? jahr", "last year"),
            (r"(?:dieses|am|kommendes|nächstes) wochenende", "this weekend"),
            (r"(?:zum |am )?(?:monatsende|ende des monats)", "end of the month"),
            (r"(?:zum |am )?(?:jahresende|ende des jahres)", "end of the year"),
            (r"vor (?:etwa |ca\.? )?{n} {u}", "{n} {u} ago"),
            (r"in (?:etwa |ca\.? )?{n} {u}", "in {n} {u}"),
            (r"{d}\.? ?{m}(?: {y})?", "{d} {m} {y}"),
            (r"(?<!\d)(?<!\d\.){d}\.(?P<mon>\d{1,2})\.(?P<yy>\d{4})?(?!\d)", "{d} {mon} {yy}"),
            (r"(?:im|ab|seit|bis|ende|anfang|mitte) {m}(?: {y})?", "in {m} {y}"),
            (r"(?:seit|in|im jahr|ab) {y}", "in {y}"),
            (r"(?:an |zu |über )weihnachten", "at christmas"),
            (r"(?:am |bis |bis zum |ab )?{w},? (?:den |dem )?{d}\.", "the {d}th"),
            (r"(?:am|bis zum|zum|vom) {d}\.(?! ?\d)", "the {d}th"),
            (r"(?:am |bis |ab |diesen |nächsten )?{w}(?!s)(?:abend|morgen|mittag|nachmittag)?", "{w}"),
        ),
        clock=r"(?:um |gegen |ab )?(?P<h>\d{1,2})(?:[:.](?P<min>\d\d))? uhr|um (?P<h2>\d{1,2})(?::(?P<min2>\d\d))?(?![\d.])",
        recurring=r"(?:{w})s\b|jede[nrs]? (?:zweite[nrs]? )?(?:{w}|tag|woche|monat|jahr|morgen|abend)|täglich|wöchentlich|monatlich|jährlich|immer (?:am )?{w}",
    ),
    own=r"\b(?:ich|wir|mein\w{0,2}|unser\w{0,2}|mir|mich|uns)\b",
    others=r"\b(?:er|sie)\b",
    possessives=r"mein\w{0,2}|unser\w{0,2}",
    relations={
        word: kind
        for kind, words in {
            "person": "schwester bruder mutter mama vater papa frau mann freundin freund partnerin partner tochter sohn oma opa großmutter großvater "
            "tante onkel "
            "cousine cousin nichte neffe chefin chef nachbarin nachbar kollegin kollege eltern kinder söhne töchter geschwister großeltern schwiegermutter "
            "schwiegervater mitbewohnerin mitbewohner verlobte verlobter",
            "animal": "hund hündin katze kater kaninchen pferd",
        }.items()
        for word in words.split()
    },
    boundary=r"(?:und|aber|weil|denn|deshalb|deswegen|also|sondern|außerdem|achso und|nur)",
    asking=r"(?:und |aber |hallo |hi |moin |sag mal |ach )*(?:was|wer|wie|wo|wann|warum|wieso|welche\w?|woher|wohin|kannst|könntest|könnt|können sie|"
    r"hast du|habt ihr|"
    r"haben sie|gibt es|gibt's|weißt du|soll ich|sollte ich|darf ich|bist du|ist es|meinst du)\b",
    nothing=r"^(?:und |aber |selbst )*(?:wenn|falls|sofern|angenommen|vielleicht|stell dir vor|ob)\b|\b(?:würde|würden|wäre|wären|hätte gern|hätte|"
    r"hätten|könnte|könnten|"
    r"vielleicht|eventuell|möglicherweise|überlege|überlegen|weiß nicht|keine ahnung|angeblich|soll ja|sagt|sagte|meinte|gehört|laut|scherz|spaß|"
    r"geträumt|zum beispiel|wünschte|hoffentlich|irgendwann|vorschlag)\b",
    likes=r"\b(?:ich (?:mag|liebe|bevorzuge|genieße|esse gern|trinke gern)|mag ich|liebe ich|am liebsten|lieber|lieblings\w+|(?:gefällt|gefallen|"
    r"schmeckt|schmecken) (?:mir|uns)|"
    r"(?:bin|sind) (?:ein )?(?:großer )?fan|wünscht sich|wünsche mir|\w+ (?:ich|wir) (?:sehr |total )?gerne?|ich \w+ (?:sehr |total )?gerne?)\b",
    dislikes=r"\b(?:(?:ich )?hasse|(?:mag|mögen|will|wollen|möchte) (?:ich |wir )?(?:\w+ ){0,3}?(?:kein\w*|nicht)|kann (?:\w+ ){1,4}nicht (?:ausstehen|"
    r"leiden|ab)|"
    r"verabscheue|(?:nervt|stört|ärgert) mich an|bitte kein\w*|nichts? mit|ohne \w+ bitte)\b",
    requests=r"^(?:bitte |also |und |aber )*(?:immer |nie |niemals )?(?:(?:ruf|schreib|schick|nenn|erinner|sag|antworte|erklär|duz|sprich|benutz|"
    r"verwende)\w{0,2} (?:mir |mich |es )?"
    r"(?:bitte |immer |nur |nie |nicht |mehr |lieber |kurz |jeden )|bitte (?:immer|nie|keine?|nur|nicht)\b)|\b(?:lieber|bitte) per (?:mail|e-mail|"
    r"sms|whatsapp|post|telefon)\b|\bohne \w+ bitte\b",
    feelings=(
        (
            "fear",
            (
                r"\b(?:ich bin|bin|wir sind|ich fühle mich) (?:\w+ ){0,3}(?:nervös|ängstlich|aufgeregt|besorgt|gestresst|angespannt|überfordert)|"
                r"\b(?:habe|hab) (?:\w+ ){0,2}(?:angst|bammel|panik)\b|\bmache? mir (?:\w+ )?sorgen\b"
            ),
        ),
        (
            "joy",
            r"\b(?:freue?|freuen) (?:ich )?(?:mich|uns)\b|\b(?:ich bin|bin|wir sind) (?:\w+ ){0,3}(?:glücklich|froh|stolz|erleichtert|begeistert|happy)\b",
        ),
        (
            "sadness",
            (
                r"\b(?:ich bin|bin|ich fühle mich|fühl mich) (?:\w+ ){0,3}(?:traurig|einsam|enttäuscht|deprimiert|niedergeschlagen)\b|\bvermisse\b|"
                r"\b(?:fehlt|fehlen) mir\b"
            ),
        ),
        (
            "anger",
            (
                r"\b(?:ärgert|nervt|stört|wurmt|kotzt) mich\b|\b(?:ich bin|bin) (?:\w+ ){0,3}(?:sauer|wütend|genervt|verärgert|frustriert)\b|\bhabe? "
                r"(?:\w+ ){0,2}satt\b"
            ),
        ),
        ("fatigue", r"\b(?:ich bin|bin) (?:\w+ ){0,3}(?:müde|erschöpft|fertig|kaputt|ausgelaugt)\b"),
    ),
    negation=r"\b(?:nicht|kein\w*|nie|niemals|ohne)\b",
    past=r"\b(?:habe?|haben|bin|sind|wurde|wurden) (?:(?:ich|wir) )?(?:[\wäöüß.-]+ ){0,10}(?:ge\w+(?:t|en)|\w+iert|\w*(?:ge)\w+(?:t|en)|be\w+(?:t|"
    r"en)|ver\w+(?:t|en)|er\w+(?:t|en)|unter\w+(?:t|en))\b|"
    r"\b(?:ich|wir) (?:war|waren|ging|gingen|hatte|hatten|kam|kamen|fand|sah|bekam|wurde)\b",
    past_time=r"\b(?:gestern|vorgestern|letzte\w?|vorige\w?|vergangene\w?|vor)\b",
    courtesy=r"^(?:hallo|hi|moin|danke|ok|okay|ja|nein|gut|super|alles klar|tschüss|bitte|genau|na gut|prima)[\s,.!]*$",
    name_after=r"(?:in|nach|aus|bei|von|mit|für|namens|heißt|herr|frau|dr\.?|prof\.?|an|um)",
    indefinite=r"ein|eine|einen|einem|einer",
    institutions=r"\b[A-ZÄÖÜ][a-zäöüß]*(?:amt|schule|klinik|krankenhaus|verein|kasse|sparkasse|bank|universität|ministerium|verwaltung|behörde|werke)\b",
    fillers=r"ähm|äh|also|halt|na ja|naja",
    slots=(
        ("home", r"\b(?:ich )?(?:wohne|lebe|wohnen|leben) (?:ich |wir |jetzt |seit \w+ )*in (?P<value>[^,.;()]{2,40}?)" + _END),
        ("home", r"\bnach (?P<value>[^,.;()]{2,40}?) (?:um)?gezogen" + _END),
        ("employer", r"\b(?:ich )?arbeite (?:ich |jetzt |seit \w+ )*(?:bei|für) (?P<value>[^,.;()]{2,40}?)" + _END),
        ("job", r"\b(?:ich )?arbeite (?:ich |jetzt |seit \w+ )*als (?P<value>[^,.;()]{2,40}?)" + _END),
    ),
)
