"""Spanish."""

from __future__ import annotations

from service.extractors.rules.languages.lexicon import DateWords, Lexicon

_OWN_VERBS = (
    "soy|estoy|tengo|vivo|trabajo|estudio|llevo|uso|como|bebo|tomo|hago|voy|juego|toco|hablo|conduzco|manejo|cocino|corro|leo|enseño|doy|salgo|viajo|"
    "necesito|quiero|puedo|sé|debo|prefiero|odio|detesto|amo|adoro|gano|pago|peso|mido|nací|cumplo|entreno|practico|sufro|duermo|empiezo|termino|"
    "vendo|compro|alquilo|busco|espero|creo|pienso|he|hemos|somos|estamos|tenemos|vamos|vivimos|fui|fue mi|era|tuve|hice|estuve|quedé|puse|vine|dije|"
    "soporto|aguanto|llamo|mudo|caso|dedico|quedo|[a-zñáéíóú]{3,}(?:amos|emos|imos)|[a-zñ]{2,}(?:é|í)"
)

_END = r"(?=$|[,.;(]| (?:y|pero|en|desde|con|porque|como|el|hace|ahora|para)\b)"
"""What ends the value of an attribute."""

SPANISH = Lexicon(
    code="es",
    dates=DateWords(
        weekdays=("lunes", "martes", "mi[ée]rcoles", "jueves", "viernes", "s[áa]bados?", "domingos?"),
        months=(
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "sep?tiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ),
        units=("d[íi]as?", "semanas?", "mes(?:es)?", "años?"),
        numbers={
            word: number
            for number, word in enumerate(
                "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve "
                "veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve treinta".split()
            )
        }
        | {"un": 1, "una": 1, "primero": 1, "un par de": 2},
        rows=(
            (r"pasado mañana", "day after tomorrow"),
            (r"ante(?:ayer|anoche)|antier", "day before yesterday"),
            (r"(?<!la )(?<!esta )mañana", "tomorrow"),
            (r"ayer|anoche", "yesterday"),
            (r"hoy|esta (?:noche|tarde|mañana)", "today"),
            (
                r"(?:el )?pr[óo]ximo {w}|(?:el )?{w} que viene|(?:el )?{w} pr[óo]ximo|(?:el )?{w} de la (?:pr[óo]xima semana|semana que viene)",
                "{w} next week",
            ),
            (r"(?:el )?{w} pasado|(?:el )?pasado {w}", "last {w}"),
            (r"pr[óo]xima semana|semana (?:que viene|pr[óo]xima|que entra)", "next week"),
            (r"pr[óo]ximo mes|mes que viene", "next month"),
            (r"pr[óo]ximo año|año que viene", "next year"),
            (r"semana pasada", "last week"),
            (r"mes pasado", "last month"),
            (r"año pasado", "last year"),
            (r"(?:este |el )?fin de semana", "this weekend"),
            (r"(?:a )?fin(?:ales)? de mes", "end of the month"),
            (r"hace (?:unos |unas |como )?{n} {u}", "{n} {u} ago"),
            (r"(?:en|dentro de) {n} {u}", "in {n} {u}"),
            (r"{d} de {m}(?:,? (?:de |del )?{y})?", "{d} {m} {y}"),
            (r"(?:en|desde|hasta|para|a partir de|a principios de|a finales de|este) {m}(?: (?:de|del) {y})?", "in {m} {y}"),
            (r"(?:en|desde) (?:el )?{y}", "in {y}"),
            (r"navidad", "at christmas"),
            (r"(?:el |este |del |al |hasta el |para el )(?:{w},? )(?:d[íi]a )?{d}", "the {d}th"),
            (r"(?:el |este |del |al |hasta el |para el )d[íi]a {d}|el {d}(?![\w:.,/]| de| [a-z]*(?:os|as)\b)", "the {d}th"),
            (r"(?:el |este |del |al |hasta el |para el ){w}", "{w}"),
        ),
        clock=r"a las? (?P<h>\d{1,2}|{n})(?::(?P<min>\d\d)| y media)?(?: de la (?P<half>mañana|tarde|noche))?|(?P<h2>\d{1,2}):(?P<min2>\d\d)",
        recurring=r"(?:todos |todas )?l[oa]s {w}|cada (?:{w}|d[íi]a|semana|mes|año|mañana|noche|dos \w+)|todos los (?:d[íi]as|meses|años)|todas las \w+",
    ),
    own=rf"\b(?:yo|mi|mis|nuestr[oa]s?|me|nos|conmigo|{_OWN_VERBS})\b",
    others=r"\b(?:él|ella|ellos|ellas)\b",
    possessives=r"mis?|nuestr[oa]s?",
    relations={
        word: kind
        for kind, words in {
            "person": "hermana hermano madre mamá padre papá mujer esposa marido esposo novia novio pareja hija hijo abuela abuelo tía tío prima primo sobrina "
            "sobrino amiga amigo jefa jefe vecina vecino compañera compañero suegra suegro cuñada cuñado padres hijos hijas hermanos hermanas abuelos",
            "animal": "perro perra gato gata conejo loro caballo",
        }.items()
        for word in words.split()
    },
    boundary=r"(?:y|pero|porque|aunque|así que|ah y|además|que además)",
    asking=r"(?:¿|(?:y |pero |oye |hola |buenas |perdona )*(?:qué|que tal|cómo|cuándo|dónde|quién|cuál|cuánt\w+|por qué|a qué|puedes|podrías|me puedes|tienes|"
    r"hay|sabes|admitís|tenéis|conoces|crees|debería)\b)",
    nothing=r"^(?:y |pero |aunque )*(?:si|quizás?|tal vez|a lo mejor|ojalá|igual|supongamos|imagina)\b|\b(?:me gustaría|quisiera|podría|sería|tendría|"
    r"iría|haría|compraría|no sé si|estoy pensando|dicen que|dijo que|dice que|según|se rumorea|es broma|de broma|soñé|a lo mejor|quizás?|tal vez|"
    r"por ejemplo)\b",
    likes=r"\b(?:me (?:gustan?|encantan?|fascinan?|apasionan?|chiflan?)|prefiero|preferimos|adoro|amo|mis? .{0,20}favorit[oa]s? |soy (?:muy )?fan "
    r"de|nos encantan?)\b",
    dislikes=r"\b(?:no me (?:gustan?|agradan?|apetecen?|interesan?)|(?:odio|detesto)|no (?:soporto|aguanto)|me (?:molestan?|cae mal)|nada de|no quiero)\b",
    requests=r"^(?:por favor,? |y |pero |así que )*(?:siempre |nunca )?(?:no (?:me )?(?:uses|llames|mandes|envíes|pongas|digas|hables|metas|menciones|"
    r"incluyas)|"
    r"nunca (?:me )?\w+es|llámame|escríbeme|háblame|respóndeme|contéstame|explíca(?:me|lo)|tutéame|usa siempre|recuérdame|avísame (?:siempre|cada))\b|"
    r"\b(?:mejor por|mejor si me) (?:correo|mensaje|whatsapp|email|escrito|escribes|mandas)\b",
    feelings=(
        (
            "fear",
            (
                r"\b(?:estoy|me siento|ando|sigo) (?:\w+ ){0,2}(?:nervios\w+|ansios\w+|preocupad\w+|estresad\w+|asustad\w+|agobiad\w+)|\b(?:tengo|me "
                r"da)n? (?:\w+ )?miedo\b"
            ),
        ),
        (
            "joy",
            r"\b(?:estoy|me siento) (?:\w+ ){0,2}(?:content\w+|feliz|emocionad\w+|ilusionad\w+|encantad\w+|orgullos\w+|aliviad\w+)|\bqué ilusión\b",
        ),
        (
            "sadness",
            (
                r"\b(?:estoy|me siento|ando) (?:\w+ ){0,2}(?:triste|deprimid\w+|sol[oa]|decepcionad\w+|hundid\w+)|\becho (?:mucho )?de menos\b|"
                r"\bextraño (?:a |mucho )"
            ),
        ),
        (
            "anger",
            r"\b(?:estoy|me siento) (?:\w+ ){0,2}(?:enfadad\w+|enojad\w+|harto|harta|furios\w+|molest\w+|frustrad\w+)|\bme da rabia\b",
        ),
        ("fatigue", r"\b(?:estoy|me siento) (?:\w+ ){0,2}(?:cansad\w+|agotad\w+|exhaust\w+)"),
    ),
    negation=r"\b(?:no|nunca|jamás|tampoco|sin)\b",
    past=r"\b(?:(?:me |nos |la |lo |les |le )?(?:he|hemos) \w+(?:ado|ido|to|cho)|fui|fuimos|tuve|hice|estuve|puse|vine|nací|[a-zñ]{3,}(?:é|í)|"
    r"nos (?:mudamos|casamos|conocimos|subieron))\b",
    past_time=r"\b(?:ayer|anoche|anteayer|pasad[oa]|hace)\b",
    courtesy=r"^(?:hola|gracias|vale|ok|buenas|perfecto|de nada|adiós|hasta luego|muy bien|genial)[\s,.!]*$",
    indefinite=r"un|una|unos|unas",
    fillers=r"(?:ja){2,}|este|eh|bueno|pues|ah|mira|o sea",
    slots=(
        ("home", r"\b(?:vivo|vivimos|resido) en (?P<value>[^,.;()]{2,40}?)" + _END),
        ("home", r"\b(?:me mud[ée]|nos mudamos|me he mudado|nos hemos mudado) a (?P<value>[^,.;()]{2,40}?)" + _END),
        ("employer", r"\btrabajo (?:en|para) (?P<value>[^,.;()]{2,40}?)" + _END),
        ("job", r"\btrabajo (?:como|de) (?P<value>[^,.;()]{2,40}?)" + _END),
    ),
)
