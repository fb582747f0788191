"""Portuguese."""

from __future__ import annotations

from service.extractors.rules.languages.lexicon import DateWords, Lexicon

_OWN_VERBS = (
    "sou|estou|tô|tenho|moro|vivo|trabalho|estudo|uso|como|bebo|faço|vou|jogo|toco|falo|dirijo|conduzo|cozinho|corro|leio|ensino|dou|saio|viajo|preciso|"
    "quero|posso|sei|devo|prefiro|odeio|detesto|amo|adoro|ganho|pago|peso|meço|nasci|treino|pratico|sofro|durmo|começo|vendo|compro|alugo|espero|acho|"
    "gosto|consigo|suporto|somos|estamos|temos|vamos|moramos|fui|tive|fiz|estive|pus|vim|disse|ando|ficamos|fico|chamo|"
    "[a-zçãáéíóú]{3,}(?:amos|emos|imos)|[a-zç]{3,}(?:ei)"
)

_END = r"(?=$|[,.;(]| (?:e|mas|em|no|na|desde|com|porque|como|há|agora|para)\b)"
"""What ends the value of an attribute."""

PORTUGUESE = Lexicon(
    code="pt",
    dates=DateWords(
        weekdays=(
            "segunda(?:-feira)?",
            "ter[çc]a(?:-feira)?",
            "quarta(?:-feira)?",
            "quinta(?:-feira)?",
            "sexta(?:-feira)?",
            "s[áa]bado",
            "domingo",
        ),
        months=(
            "janeiro",
            "fevereiro",
            "mar[çc]o",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ),
        units=("dias?", "semanas?", "m[êe]s(?:es)?", "anos?"),
        numbers={
            word: number
            for number, word in enumerate(
                "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezasseis dezassete dezoito dezanove vinte".split()
            )
        }
        | {"uma": 1, "duas": 2, "primeiro": 1, "1º": 1, "dezesseis": 16, "dezessete": 17, "dezenove": 19},
        rows=(
            (r"depois de amanhã", "day after tomorrow"),
            (r"anteontem", "day before yesterday"),
            (r"(?<!de )amanhã", "tomorrow"),
            (r"ontem", "yesterday"),
            (r"hoje|esta (?:noite|tarde|manhã)", "today"),
            (
                r"(?:na |no )?{w} da (?:próxima semana|semana que vem)|(?:na |no )?próxim[ao] {w}|(?:na |no )?{w} que vem",
                "{w} next week",
            ),
            (r"(?:na |no )?{w} passad[ao]|(?:na |no )?últim[ao] {w}", "last {w}"),
            (r"próxima semana|semana que vem", "next week"),
            (r"próximo mês|mês que vem", "next month"),
            (r"próximo ano|ano que vem", "next year"),
            (r"semana passada", "last week"),
            (r"mês passado", "last month"),
            (r"ano passado", "last year"),
            (r"(?:este |neste |no )?fim de semana", "this weekend"),
            (r"(?:no )?fi(?:m|nal) do mês", "end of the month"),
            (r"há (?:cerca de )?{n} {u}|{n} {u} atrás", "{n} {u} ago"),
            (r"(?:em|dentro de|daqui a) {n} {u}", "in {n} {u}"),
            (r"{d} de {m}(?: de {y})?", "{d} {m} {y}"),
            (r"(?:em|desde|até|a partir de) {m}(?: de {y})?", "in {m} {y}"),
            (r"(?:em|desde) {y}", "in {y}"),
            (r"(?:no |pelo |ao )natal", "at christmas"),
            (r"(?:no |ao |até o |até ao )?dia {d}", "the {d}th"),
            (r"(?:na |no |esta |este |à |ao |nesta |neste |até |para ){w}", "{w}"),
        ),
        clock=r"(?:às|ao|pelas|a partir das) (?P<h>\d{1,2}|{n})(?:[h:](?P<min>\d\d)| e meia|h)?(?: da (?P<half>manhã|tarde|noite))?|"
        r"(?P<h2>\d{1,2})[h:](?P<min2>\d\d)",
        recurring=r"(?:todas as|todos os|às|aos|nas|nos) (?:{w})s|cada (?:{w}|dia|semana|mês|ano)|tod[oa]s? (?:os? dias?|as? semanas?|os? meses|as? "
        r"\w+s)|todo (?:dia|mês)",
    ),
    own=rf"\b(?:eu|meus?|minhas?|noss[oa]s?|me|nos|mim|comigo|{_OWN_VERBS})\b",
    others=r"\b(?:ele|ela|eles|elas)\b",
    possessives=r"meus?|minhas?|noss[oa]s?",
    relations={
        word: kind
        for kind, words in {
            "person": "irmã irmão mãe pai mulher esposa marido namorada namorado filha filho avó avô tia tio prima primo sobrinha sobrinho amiga amigo chefe "
            "vizinha vizinho colega sogra sogro cunhada cunhado pais filhos filhas irmãos avós companheira companheiro noiva noivo",
            "animal": "cão cadela cachorro cachorra gato gata coelho cavalo",
        }.items()
        for word in words.split()
    },
    boundary=r"(?:e|mas|porque|embora|por isso|ah e|então|além disso)",
    asking=r"(?:e |mas |olá |oi )*(?:o que|que tal|como|quando|onde|quem|qual|quais|quanto|quantos|por que|porquê|podes|pode|poderia|você pode|tens|"
    r"tem ideia|há|sabes|"
    r"achas|devo|devia)\b",
    nothing=r"^(?:e |mas |mesmo )*(?:se|talvez|imagina|suponha|oxalá|tomara)\b|\b(?:gostaria|queria saber|poderia|seria|teria|iria|faria|compraria|não sei se|"
    r"estou a pensar|estou pensando|dizem que|disse que|diz que|segundo|é brincadeira|brincadeira|sonhei|talvez|por exemplo|se calhar)\b",
    likes=r"\b(?:(?<!não )(?:gosto|gostamos) (?:\w+ )?d|adoro|amo|prefiro|preferimos|sou (?:muito )?(?:fã|louc[oa]) |(?:meu|minha) "
    r".{0,20}(?:favorit|preferid)[oa])",
    dislikes=r"\b(?:não (?:gosto|suporto|aguento|quero|curto)|odeio|detesto|(?:detesta|odeia)|nada de)\b",
    requests=r"^(?:por favor,? |e |então |ah e )*(?:não (?:me )?(?:uses?|ligues?|mandes?|envies?|ponhas?|digas?|fales?|menciones?|inclu\w+|usar|ligar)|"
    r"nunca (?:me )?\w+es|"
    r"chama-me|me chame|escreve-me|me escreva|liga-me|responde|explica isso|explica-me|me explique|lembra-me|me lembre|usa sempre|use sempre|fala comigo)\b|"
    r"\b(?:de preferência|prefiro) por (?:mail|e-mail|mensagem|whatsapp|telefone|escrito)\b",
    feelings=(
        (
            "fear",
            (
                r"\b(?:estou|ando|sinto-me|me sinto|tô) (?:\w+ ){0,2}(?:nervos\w+|ansios\w+|preocupad\w+|estressad\w+|stressad\w+|assustad\w+)|"
                r"\b(?:tenho|estou com) (?:\w+ )?medo\b"
            ),
        ),
        (
            "joy",
            r"\b(?:estou|sinto-me|me sinto|tô) (?:\w+ ){0,2}(?:content\w+|feliz|animad\w+|empolgad\w+|orgulhos\w+|aliviad\w+|entusiasmad\w+)",
        ),
        (
            "sadness",
            (
                r"\b(?:estou|ando|sinto-me|me sinto|tô) (?:\w+ ){0,2}(?:triste|deprimid\w+|sozinh\w+|dececionad\w+|decepcionad\w+)|\btenho "
                r"saudades?\b|\bsinto (?:a )?falta\b"
            ),
        ),
        (
            "anger",
            r"\b(?:estou|sinto-me|me sinto|tô) (?:\w+ ){0,2}(?:zangad\w+|irritad\w+|fart\w+|furios\w+|chatead\w+|frustrad\w+)",
        ),
        ("fatigue", r"\b(?:estou|ando|sinto-me|me sinto|tô) (?:\w+ ){0,2}(?:cansad\w+|exaust\w+|esgotad\w+)"),
    ),
    negation=r"\b(?:não|nao|nunca|jamais|sem)\b",
    past=r"\b(?:fui|fomos|tive|tivemos|fiz|fizemos|estive|pus|vim|nasci|(?:me )?[a-zç]{2,}ei|(?:saí|parti|vendi|perdi|decidi|recebi|conheci|caí|li|"
    r"vi|comi|bebi|corri|aprendi|mudei))\b",
    past_time=r"\b(?:ontem|anteontem|passad[oa]|há|atrás|últim[oa])\b",
    courtesy=r"^(?:olá|oi|obrigad[oa]|ok|sim|não|perfeito|ótimo|de nada|tchau|bom dia|boa tarde|claro)[\s,.!]*$",
    indefinite=r"um|uma|uns|umas",
    fillers=r"então|né|ah|pois|bem",
    slots=(
        ("home", r"\b(?:moro|vivo|moramos|vivemos) (?:em|no|na) (?P<value>[^,.;()]{2,40}?)" + _END),
        ("home", r"\b(?:mudei-me|me mudei|mudámo-nos|nos mudamos|mudei) para (?:o |a )?(?P<value>[^,.;()]{2,40}?)" + _END),
        ("employer", r"\btrabalho (?:na|no|para a|para o|em) (?P<value>[^,.;()]{2,40}?)" + _END),
        ("job", r"\btrabalho como (?P<value>[^,.;()]{2,40}?)" + _END),
    ),
)
