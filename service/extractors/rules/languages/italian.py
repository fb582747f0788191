"""Italian."""

from __future__ import annotations

from service.extractors.rules.languages.lexicon import DateWords, Lexicon

_OWN_VERBS = (
    "sono|sto|ho|vivo|abito|lavoro|studio|uso|mangio|bevo|faccio|vado|gioco|suono|parlo|guido|cucino|corro|leggo|insegno|esco|viaggio|voglio|"
    "posso|so|devo|preferisco|odio|detesto|amo|adoro|guadagno|pago|peso|alleno|soffro|dormo|vendo|compro|affitto|spero|penso|prendo|sopporto|"
    "siamo|stiamo|abbiamo|andiamo|viviamo|chiamo|[a-zàèéìòù]{3,}iamo"
)

_END = r"(?=$|[,.;(]| (?:e|ma|a|in|alla|presso|da|dal|con|perché|come|il|adesso|ora|per)\b)"
"""What ends the value of an attribute."""

ITALIAN = Lexicon(
    code="it",
    dates=DateWords(
        weekdays=("luned[ìi]", "marted[ìi]", "mercoled[ìi]", "gioved[ìi]", "venerd[ìi]", "sabato", "domenica"),
        months=(
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ),
        units=("giorn[oi]", "settiman[ae]", "mes[ei]", "ann[oi]"),
        numbers={
            word: number
            for number, word in enumerate(
                "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto "
                "diciannove venti".split()
            )
        }
        | {"un": 1, "una": 1, "primo": 1, "1°": 1},
        rows=(
            (r"dopodomani", "day after tomorrow"),
            (r"l'altro ieri|ieri l'altro|avantieri", "day before yesterday"),
            (r"domani", "tomorrow"),
            (r"ieri", "yesterday"),
            (r"oggi|stasera|stamattina|questa (?:sera|mattina)", "today"),
            (
                r"{w} della (?:prossima settimana|settimana prossima)|{w} (?:della settimana )?prossim[oa]|prossim[oa] {w}",
                "{w} next week",
            ),
            (r"{w} scors[oa]|scors[oa] {w}", "last {w}"),
            (r"(?:la )?prossima settimana|settimana prossima", "next week"),
            (r"prossimo mese|mese prossimo", "next month"),
            (r"prossimo anno|anno prossimo", "next year"),
            (r"settimana scorsa|scorsa settimana", "last week"),
            (r"mese scorso|scorso mese", "last month"),
            (r"anno scorso|scorso anno", "last year"),
            (r"(?:questo |nel )?(?:fine settimana|weekend)", "this weekend"),
            (r"(?:a )?fine mese|alla fine del mese", "end of the month"),
            (r"{n} {u} fa", "{n} {u} ago"),
            (r"(?:tra|fra) {n} {u}", "in {n} {u}"),
            (r"{d} {m}(?: (?:del )?{y})?", "{d} {m} {y}"),
            (r"(?:a|in|da|dal|fino a|entro|fine|inizio) {m}(?: (?:del )?{y})?", "in {m} {y}"),
            (r"(?:nel|dal) {y}", "in {y}"),
            (r"a natale", "at christmas"),
            (r"{w} {d}(?![\d:.,/])", "the {d}th"),
            (r"(?:il|entro il|fino al|dal) {d}(?![\w:.,/%]| [a-z]+[ei]\b)", "the {d}th"),
            (r"(?<!il )(?<!la )(?<!ogni ){w}", "{w}"),
        ),
        clock=r"(?:alle|verso le|dalle) (?P<h>\d{1,2}|{n})(?:[:.](?P<min>\d\d)| e mezza)?(?: di (?P<half>mattina|sera))?|(?P<h2>\d{1,2}):(?P<min2>\d\d)",
        recurring=r"ogni (?:{w}|giorno|settimana|mese|anno|mattina|sera)|tutti i (?:{w}|giorni|mesi)|tutte le \w+|(?:il|la) {w}",
    ),
    own=rf"\b(?:io|mi[oae]i?|miei|nostr[oaie]|mi|ci|noi|me|{_OWN_VERBS})\b",
    others=r"\b(?:lui|lei|loro)\b",
    possessives=r"(?:la |il |i |le )?(?:mi[oae]|miei|nostr[oaie])",
    relations={
        word: kind
        for kind, words in {
            "person": "sorella fratello madre mamma padre papà moglie marito compagna compagno fidanzata fidanzato ragazza ragazzo figlia figlio nonna "
            "nonno zia zio "
            "cugina cugino nipote amica amico capo vicina vicino collega suocera suocero cognata cognato genitori figli nonni",
            "animal": "cane cagnolina gatto gatta coniglio cavallo",
        }.items()
        for word in words.split()
    },
    boundary=r"(?:e|ma|perché|però|quindi|così|anche se|inoltre)",
    asking=r"(?:e |ma |ciao |scusa )*(?:che cosa|cosa|che ora|come|quando|dove|chi|quale|quali|quanto|quanti|perché non|puoi|potresti|può|hai|avete|"
    r"c'è|ci sono|sai|"
    r"pensi|dovrei)\b",
    nothing=r"^(?:e |ma |anche )*(?:se|forse|magari|immagina|supponiamo|chissà)\b|\b(?:vorrei|mi piacerebbe|potrei|sarebbe|sarei|avrei|andrei|farei|"
    r"comprerei|non so se|"
    r"sto pensando|dicono che|ha detto che|dice che|secondo|scherzo|sto scherzando|ho sognato|forse|magari|per esempio|ad esempio)\b",
    likes=r"\b(?:(?<!non )mi (?:piace|piacciono)|ci piace|adoro|amo|preferisco|preferiamo|sono (?:un |una )?(?:fan|appassionat[oa]) d|(?:mio|mia) "
    r".{0,20}(?:preferit|favorit)[oa])",
    dislikes=r"\b(?:non mi (?:piace|piacciono|va|vanno)|odio|detesto|non (?:sopporto|voglio|reggo)|niente \w+)\b",
    requests=r"^(?:per favore,? |e |quindi |ma )*(?:non (?:mi )?(?:chiamare|usare|mandare|scrivere|mettere|dire|parlare|includere|menzionare)|chiamami|"
    r"scrivimi|rispondimi|"
    r"dammi del tu|spiegami|ricordami|usa sempre|parlami|rispondi)\b|\b(?:meglio|preferibilmente) (?:per|via) (?:mail|e-mail|messaggio|whatsapp|"
    r"telefono|scritto)\b",
    feelings=(
        (
            "fear",
            r"\b(?:sono|mi sento) (?:\w+ ){0,2}(?:nervos\w+|ansios\w+|preoccupat\w+|stressat\w+|agitat\w+|spaventat\w+)|\bho (?:\w+ )?(?:paura|ansia)\b",
        ),
        (
            "joy",
            r"\b(?:sono|mi sento) (?:\w+ ){0,2}(?:content\w+|felic\w+|entusiast\w+|orgoglios\w+|sollevat\w+|emozionat\w+)|\bnon vedo l'ora\b",
        ),
        ("sadness", r"\b(?:sono|mi sento) (?:\w+ ){0,2}(?:trist\w+|depress\w+|sol[oa]|delus\w+|giù)\b|\bmi manc(?:a|ano)\b"),
        (
            "anger",
            r"\b(?:sono|mi sento) (?:\w+ ){0,2}(?:arrabbiat\w+|stuf[oa]|furios\w+|irritat\w+|frustrat\w+)|\bmi dà fastidio\b",
        ),
        ("fatigue", r"\b(?:sono|mi sento) (?:\w+ ){0,2}(?:stanc\w+|esaust\w+|sfinit\w+)"),
    ),
    negation=r"\b(?:non|mai|senza|nessun\w*)\b",
    past=r"\b(?:(?:mi |ci )?(?:ho|abbiamo) (?:\w+ ){0,2}\w+(?:ato|uto|ito|tto|so|sto|rso|nto)|(?:mi sono|ci siamo|sono|siamo) (?:\w+ "
    r"){0,1}\w+(?:at|ut|it|nat|mors)[oaie]|ero|eravamo|andai|ebbi)\b",
    past_time=r"\b(?:ieri|scors[oa]|fa|avantieri)\b",
    courtesy=r"^(?:ciao|grazie|ok|sì|no|perfetto|prego|va bene|buongiorno|buonasera|certo)[\s,.!]*$",
    indefinite=r"un|uno|una",
    fillers=r"allora|cioè|beh|insomma|dunque",
    slots=(
        ("home", r"\b(?:abito|vivo|abitiamo|viviamo) (?:a|in|ad) (?P<value>[^,.;()]{2,40}?)" + _END),
        ("home", r"\b(?:mi sono trasferit[oa]|ci siamo trasferiti) (?:a|in|ad) (?P<value>[^,.;()]{2,40}?)" + _END),
        ("employer", r"\blavoro (?:per|alla|presso|in) (?P<value>[^,.;()]{2,40}?)" + _END),
        ("job", r"\blavoro come (?P<value>[^,.;()]{2,40}?)" + _END),
    ),
)
