"""French words that change what is asked, and those that do not."""

from headworks.cache.guards.words.vocabulary import Vocabulary

FRENCH = Vocabulary(
    stops="ne n vraiment exactement chose quelque expliquer explique dire dis façon moyen",
    negations="""
        pas jamais rien personne aucun aucune sans sauf ni éviter évite évitez empêcher empêche non
    """,
    marks={
        "f": "depuis",
        "t": "à au aux vers",
        "o": "de du des d",
        "i": "dans en",
        "b": "par",
        "h": "que qu",
        "w": "avec",
        "r": "pour",
        "v": "sur",
        "u": "sous",
        "e": "entre parmi",
        "a": "chez",
        "g": "contre",
        "l": "comme",
    },
    joiners="et ou vs",
    kinds={
        "how": "comment",
        "why": "pourquoi",
        "who": "qui",
        "when": "quand",
        "where": "où",
        "what": "quoi quel quelle quels quelles",
        "many": "combien",
    },
    possessors={"my": "mon ma mes notre nos", "your": "ton ta tes votre vos"},
    numbers="""
        zéro
        |
        deux
        trois
        quatre
        cinq
        six
        sept
        huit
        neuf
        dix
        onze
        douze
    """,
    scales={"cent": 100, "cents": 100, "mille": 1_000, "million": 10**6, "millions": 10**6, "milliard": 10**9,
            "milliards": 10**9},
    ordinals="""
        premier première
        deuxième second seconde
        troisième
        quatrième
    """,
    days="""
        lundi
        mardi
        mercredi
        jeudi
        vendredi
        samedi
        dimanche
    """,
    months="""
        janvier
        février
        mars
        avril
        mai
        juin
        juillet
        août
        septembre
        octobre
        novembre
        décembre
    """,
    relative="""
        aujourd
        demain
        hier
        maintenant actuellement
        midi
        minuit
        printemps
        été
        automne
        hiver
        noël
    """,
)  # fmt: skip
