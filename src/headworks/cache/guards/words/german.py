"""German words that change what is asked, and those that do not."""

from headworks.cache.guards.words.vocabulary import Vocabulary

GERMAN = Vocabulary(
    stops="genau eigentlich wirklich gibt geht machen macht tun tut jemand etwas erklären erkläre sagen sag weg lassen",
    negations="""
        nicht nichts nie niemals niemand nirgends kein keine keinen keinem keiner keines ohne außer weder vermeiden
        vermeide vermeidet verhindern verhindere verhindert
    """,
    marks={
        "f": "von vom aus",
        "t": "nach zu zum zur ins",
        "i": "in im innerhalb",
        "b": "durch",
        "h": "als",
        "w": "mit",
        "r": "für",
        "v": "über",
        "u": "unter",
        "e": "zwischen",
        "a": "bei beim an am",
        "g": "gegen",
        "s": "auf",
    },
    joiners="und oder vs bzw",
    kinds={
        "how": "wie",
        "why": "warum wieso weshalb",
        "who": "wer wen wem",
        "whose": "wessen",
        "when": "wann",
        "where": "wo wohin woher",
        "what": "was welche welcher welches welchen",
        "many": "wieviel wieviele",
    },
    degrees={"many": "viel viele", "long": "lang lange", "often": "oft", "far": "weit", "old": "alt", "tall": "hoch"},
    possessors={
        "my": "mein meine meinen meinem meiner unser unsere",
        "your": "dein deine deinen deinem deiner ihr ihre euer eure",
    },
    numbers="""
        null
        |
        zwei zweimal
        drei
        vier
        fünf
        sechs
        sieben
        acht
        neun
        zehn
        elf
        zwölf
    """,
    scales={"hundert": 100, "tausend": 1_000, "million": 10**6, "millionen": 10**6, "milliarde": 10**9,
            "milliarden": 10**9},
    ordinals="""
        erste ersten erster erstes
        zweite zweiten zweiter zweites
        dritte dritten dritter drittes
        vierte vierten
    """,
    days="""
        montag montags
        dienstag
        mittwoch
        donnerstag
        freitag
        samstag sonnabend
        sonntag sonntags
    """,
    months="""
        januar
        februar
        märz
        april
        mai
        juni
        juli
        august
        september
        oktober
        november
        dezember
    """,
    relative="""
        heute
        morgen
        gestern
        übermorgen
        vorgestern
        jetzt derzeit
        wochenende
        mittags
        mitternacht
        frühling
        sommer
        herbst
        winter
    """,
)  # fmt: skip
