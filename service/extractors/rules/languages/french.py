"""French."""

from __future__ import annotations

from service.extractors.rules.languages.lexicon import DateWords, Lexicon

_END = r"(?=$|[,.;(]| (?:et|mais|à|au|chez|depuis|avec|parce|comme|le|il y a|maintenant|pour|dans)\b)"
"""What ends the value of an attribute."""

FRENCH = Lexicon(
    code="fr",
    dates=DateWords(
        weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        months=(
            "janvier",
            "f[ée]vrier",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "ao[ûu]t",
            "septembre",
            "octobre",
            "novembre",
            "d[ée]cembre",
        ),
        units=("jours?", "semaines?", "mois", "ans?|années?"),
        numbers={
            word: number
            for number, word in enumerate(
                "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf vingt".split()
            )
        }
        | {"une": 1, "1er": 1, "premier": 1},
        rows=(
            (r"après-demain", "day after tomorrow"),
            (r"avant-hier", "day before yesterday"),
            (r"(?<!-)demain", "tomorrow"),
            (r"(?<!-)hier", "yesterday"),
            (r"aujourd'hui|ce soir|ce matin|cet après-midi", "today"),
            (r"(?:le )?{w} de la semaine prochaine", "{w} next week"),
            (r"(?:le )?{w} prochain", "next {w}"),
            (r"(?:le )?{w} dernier", "last {w}"),
            (r"semaine prochaine", "next week"),
            (r"mois prochain", "next month"),
            (r"(?:année|an) prochaine?", "next year"),
            (r"semaine (?:dernière|passée)", "last week"),
            (r"mois dernier", "last month"),
            (r"(?:année|an) (?:dernière|dernier|passée)", "last year"),
            (r"ce week-?end|(?:le )?week-?end prochain", "this weekend"),
            (r"(?:à la )?fin du mois", "end of the month"),
            (r"il y a (?:environ )?{n} {u}", "{n} {u} ago"),
            (r"(?:dans|d'ici) {n} {u}", "in {n} {u}"),
            (r"{d} {m}(?: {y})?", "{d} {m} {y}"),
            (r"(?:en|depuis|jusqu'en|à partir de|fin|début|mi-) ?{m}(?: {y})?", "in {m} {y}"),
            (r"(?:en|depuis) {y}", "in {y}"),
            (r"(?:à |pour )noël", "at christmas"),
            (r"(?:le )?{w},? (?:le )?{d}(?![\d:.,/hé€])", "the {d}th"),
            (r"le {d}(?![\w:.,/%]| (?:%|euros))", "the {d}th"),
            (r"(?<!le )(?<!les ){w}", "{w}"),
        ),
        clock=r"(?:à |vers )?(?P<h>\d{1,2}) ?h(?:eures?)? ?(?P<min>\d\d)?\b|(?P<h2>\d{1,2}):(?P<min2>\d\d)",
        recurring=r"(?:tous )?les {w}s|chaque (?:{w}|jour|semaine|mois|année|matin|soir)|tous les (?:jours|mois|ans|matins|soirs)|toutes les semaines|"
        r"(?<!\w)le {w}(?= (?:matin|soir)s?\b|$)",
    ),
    own=r"(?:\b(?:je|moi|mon|ma|mes|notre|nos|nous|me|on)\b|\b[jm]')",
    others=r"\b(?:il|elle|ils|elles)\b",
    possessives=r"mon|ma|mes|notre|nos",
    relations={
        word: kind
        for kind, words in {
            "person": "sœur soeur frère mère maman père papa femme mari compagne compagnon copine copain fille fils grand-mère grand-père mamie papi "
            "tante oncle "
            "cousine cousin nièce neveu amie ami chef cheffe patron patronne voisine voisin collègue conjoint parents enfants beau-père belle-mère fiancé "
            "fiancée beau-frère belle-sœur coloc",
            "animal": "chien chienne chat chatte lapin cheval",
        }.items()
        for word in words.split()
    },
    boundary=r"(?:et|mais|parce que?|donc|car|alors|sauf que|du coup)",
    asking=r"(?:et |mais |dis |bonjour |salut )*(?:est-ce|qu'est-ce|quel|quelle|quels|quelles|qui|où|quand|comment|pourquoi|combien|"
    r"peux-tu|pouvez-vous|tu peux|vous pouvez|as-tu|avez-vous|tu as|y a-t-il|penses-tu|devrais-je)\b",
    nothing=r"^(?:et |mais |même )*(?:si|s'il|s'ils|peut-être|imagine|supposons|imaginons)\b|\b(?:j'aimerais|je voudrais|je pourrais|je serais|j'aurais|"
    r"j'irais|je ferais|on pourrait|je ne sais pas si|je sais pas si|je pense à|j'hésite|il paraît|on dit que|a dit que|d'après|selon|je plaisante|"
    r"c'est une blague|j'ai rêvé|peut-être|par exemple|si j'(?:avais|étais))\b",
    likes=r"\b(?:j'aime(?! pas)|j'adore|je (?:préfère|suis (?:fan|accro)|raffole)|nous (?:aimons|adorons|préférons)|on adore|m[oa]n? "
    r".{0,20}préférée?s?)\b|\bme pla[îi]t\b",
    dislikes=r"\b(?:j(?:e n)?'(?:aime|adore) pas|je (?:déteste|hais|(?:ne )?(?:supporte|veux) (?:pas|plus))|j'ai horreur|m'énerve|surtout pas|pas de)\b",
    requests=r"^(?:s'il (?:te|vous) plaît,? |stp,? |et |donc |alors )*(?:ne (?:me |m')?\w+ (?:pas|plus|jamais)|appelle-moi|appelez-moi|écris-moi|écrivez-moi|"
    r"tutoie-moi|réponds|répondez|fais court|faites court|utilise toujours|rappelle-moi|parle-moi|envoie-moi toujours|toujours \w+er)\b|"
    r"\b(?:de préférence|plutôt) par (?:mail|e-mail|sms|téléphone|écrit|courrier)\b",
    feelings=(
        (
            "fear",
            (
                r"\b(?:je suis|je me sens|on est) (?:\w+ ){0,2}(?:stressée?|nerveu\w+|anxieu\w+|inqui[eè]te?|angoissée?|tendue?)|\bj'ai (?:\w+ "
                r")?(?:peur|le trac|la trouille)\b|\bj'angoisse\b"
            ),
        ),
        (
            "joy",
            r"\b(?:je suis|je me sens|on est) (?:\w+ ){0,2}(?:content\w*|heureu\w+|ravie?|fi[eè]re?|soulagée?|excitée?|enthousiaste)|\bj'ai hâte\b",
        ),
        (
            "sadness",
            r"\b(?:je suis|je me sens) (?:\w+ ){0,2}(?:triste|déprimée?|seule?|déçue?|abattue?)|\bme manquen?t?\b|\bj'ai le cafard\b",
        ),
        (
            "anger",
            r"\b(?:je suis|je me sens) (?:\w+ ){0,2}(?:énervée?|fâchée?|furieu\w+|agacée?|frustrée?)|\bj'en ai (?:marre|assez)\b|\bça m'énerve\b",
        ),
        ("fatigue", r"\b(?:je suis|je me sens) (?:\w+ ){0,2}(?:fatiguée?|épuisée?|crevée?|vannée?)"),
    ),
    negation=r"\b(?:ne|pas|jamais|aucune?|sans)\b|\bn'",
    past=r"(?:\bj'ai|\b(?:on a|nous avons)) (?:\w+ ){0,2}(?:\w+(?:é|és|ée|i|is|it|u|us|ert)|fait|eu|été|mis|pris|vu)\b|"
    r"\b(?:je (?:me )?suis|on est|nous sommes) (?:\w+ ){0,1}(?:allée?s?|partie?s?|née?|venue?s?|arrivée?s?|entrée?s?|mariée?s?|installée?s?|"
    r"tombée?s?|inscrite?s?)\b",
    past_time=r"\b(?:hier|avant-hier|dernière?|passée?|il y a)\b",
    courtesy=r"^(?:salut|bonjour|merci|ok|d'accord|oui|non|parfait|super|de rien|bonsoir|coucou)[\s,.!]*$",
    indefinite=r"un|une|des",
    fillers=r"euh|ben|bah|bref|du coup",
    slots=(
        ("home", r"\b(?:j'habite|je vis|nous habitons) (?:à|en|au) (?P<value>[^,.;()]{2,40}?)" + _END),
        (
            "home",
            r"\b(?:j'ai déménagé|nous avons déménagé|on a déménagé|je me suis installée?) (?:à|en|au) (?P<value>[^,.;()]{2,40}?)"
            + _END,
        ),
        ("employer", r"\bje (?:travaille|bosse) (?:chez|pour|à la|à l') ?(?P<value>[^,.;()]{2,40}?)" + _END),
        ("job", r"\bje (?:travaille|bosse) comme (?P<value>[^,.;()]{2,40}?)" + _END),
    ),
)
