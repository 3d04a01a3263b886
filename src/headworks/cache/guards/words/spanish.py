"""Spanish words that change what is asked, and those that do not."""

from headworks.cache.guards.words.vocabulary import Vocabulary

SPANISH = Vocabulary(
    stops="realmente exactamente cosa alguien explicar explica decir dime forma manera hago",
    negations="""
        no nunca jamás nada nadie ningún ninguno ninguna sin excepto salvo ni tampoco evitar evita impedir
    """,
    marks={
        "f": "desde",
        "t": "a al hacia hasta",
        "o": "de del",
        "i": "en dentro",
        "b": "por",
        "h": "que",
        "w": "con",
        "r": "para",
        "v": "sobre",
        "u": "bajo",
        "e": "entre",
        "g": "contra",
    },
    joiners="y e o u vs",
    kinds={
        "how": "cómo como",
        "why": "porqué",
        "who": "quién quiénes quien",
        "when": "cuándo cuando",
        "where": "dónde donde adónde",
        "what": "qué cuál cuáles cual",
        "many": "cuánto cuánta cuántos cuántas cuanto cuantos cuantas",
    },
    possessors={"my": "mi mis nuestro nuestra", "your": "tu tus su sus vuestro vuestra"},
    numbers="""
        cero
        |
        dos
        tres
        cuatro
        cinco
        seis
        siete
        ocho
        nueve
        diez
        once
        doce
    """,
    scales={"cien": 100, "ciento": 100, "mil": 1_000, "millón": 10**6, "millones": 10**6},
    ordinals="""
        primero primera primer
        segundo segunda
        tercero tercera tercer
        cuarto cuarta
    """,
    days="""
        lunes
        martes
        miércoles
        jueves
        viernes
        sábado
        domingo
    """,
    months="""
        enero
        febrero
        marzo
        abril
        mayo
        junio
        julio
        agosto
        septiembre setiembre
        octubre
        noviembre
        diciembre
    """,
    relative="""
        hoy
        mañana
        ayer
        ahora actualmente
        mediodía
        medianoche
        primavera
        verano
        otoño
        invierno
        navidad
    """,
)  # fmt: skip
