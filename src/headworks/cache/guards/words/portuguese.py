"""Portuguese words that change what is asked, and those that do not."""

from headworks.cache.guards.words.vocabulary import Vocabulary

PORTUGUESE = Vocabulary(
    stops="feira realmente exatamente coisa alguém explicar explique dizer diga forma maneira faço",
    negations="""
        não nunca jamais nada ninguém nenhum nenhuma sem exceto salvo nem evitar evite impedir
    """,
    marks={
        "f": "desde",
        "t": "a à ao aos às até",
        "o": "de do da dos das",
        "i": "em no na nos nas",
        "b": "por pelo pela",
        "h": "que",
        "w": "com",
        "r": "para",
        "v": "sobre",
        "u": "sob",
        "e": "entre",
        "g": "contra",
    },
    joiners="e ou vs",
    kinds={
        "how": "como",
        "why": "porquê",
        "who": "quem",
        "when": "quando",
        "where": "onde aonde",
        "what": "qual quais quê",
        "many": "quanto quanta quantos quantas",
    },
    possessors={"my": "meu minha meus minhas nosso nossa", "your": "teu tua seu sua seus suas"},
    numbers="""
        zero
        |
        dois duas
        três
        quatro
        cinco
        seis
        sete
        oito
        nove
        dez
        onze
        doze
    """,
    scales={"cem": 100, "cento": 100, "mil": 1_000, "milhão": 10**6, "milhões": 10**6, "bilhão": 10**9,
            "bilhões": 10**9},
    ordinals="""
        primeiro primeira
        segundo segunda
        terceiro terceira
        quarto quarta
    """,
    days="""
        |
        terça
        quarta
        quinta
        sexta
        sábado
        domingo
    """,
    months="""
        janeiro
        fevereiro
        março
        abril
        maio
        junho
        julho
        agosto
        setembro
        outubro
        novembro
        dezembro
    """,
    relative="""
        hoje
        amanhã
        ontem
        agora atualmente
        meia
        primavera
        verão
        outono
        inverno
        natal
    """,
)  # fmt: skip
