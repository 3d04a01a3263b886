"""Italian words that change what is asked, and those that do not."""

from headworks.cache.guards.words.vocabulary import Vocabulary

ITALIAN = Vocabulary(
    stops="d c davvero esattamente qualcuno qualcosa spiegare spiega dire dimmi modo",
    negations="""
        non no mai niente nulla nessuno nessuna nessun senza tranne eccetto né evitare evita impedire
    """,
    marks={
        "f": "da dal dalla dallo",
        "t": "a ad al alla verso",
        "o": "di del della dei delle dell d",
        "i": "in nel nella nei",
        "h": "che",
        "w": "con",
        "r": "per",
        "v": "su sul sulla sopra",
        "u": "sotto",
        "e": "tra fra",
        "g": "contro",
    },
    joiners="e ed o vs",
    kinds={
        "how": "come",
        "why": "perché",
        "who": "chi",
        "when": "quando",
        "where": "dove dov",
        "what": "cosa cos quale quali qual",
        "many": "quanto quanta quanti quante",
    },
    possessors={"my": "mio mia miei mie nostro nostra", "your": "tuo tua tuoi tue vostro vostra suo sua"},
    numbers="""
        zero
        |
        due
        tre
        quattro
        cinque
        |
        sette
        otto
        nove
        dieci
        undici
        dodici
    """,
    scales={"cento": 100, "mille": 1_000, "mila": 1_000, "milione": 10**6, "milioni": 10**6, "miliardo": 10**9,
            "miliardi": 10**9},
    ordinals="""
        primo prima
        secondo seconda
        terzo terza
        quarto quarta
    """,
    days="""
        lunedì
        martedì
        mercoledì
        giovedì
        venerdì
        sabato
        domenica
    """,
    months="""
        gennaio
        febbraio
        marzo
        aprile
        maggio
        giugno
        luglio
        agosto
        settembre
        ottobre
        novembre
        dicembre
    """,
    relative="""
        oggi
        domani
        ieri
        adesso ora
        mezzogiorno
        mezzanotte
        primavera
        estate
        autunno
        inverno
        natale
    """,
)  # fmt: skip
