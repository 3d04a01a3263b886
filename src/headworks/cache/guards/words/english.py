"""English words that change what is asked, and those that do not."""

from headworks.cache.guards.words.vocabulary import Vocabulary

ENGLISH = Vocabulary(
    stops="""
        now currently nowadays one ones actually again already always anybody anyone anything basically certain
        certainly different ever everybody everyone everything exactly explain given giving gave give going gonna
        got gotten hello help hey hi honestly indeed kindly know knows known knew kind literally lot lots maybe much
        many must need needs needed ok okay ought own people person perhaps possibly possible quite rather really
        regarding several simply somebody somehow someone something sort still sure tell thank thanks thing things
        think thinks though thus truly want wanted wanting wants way ways well whatever whether wanna yes yet even
        every various using use used uses make makes made making getting gets question answer find show suggest
        describe define definition meaning mean means meant
    """,
    negations="""
        not no never none nobody nothing nowhere neither cannot cant without except excluding unless hardly barely
        dont doesnt didnt isnt arent wasnt werent wont wouldnt shouldnt couldnt hasnt havent hadnt mustnt aint
        stop stops stopped stopping quit quits quitting avoid avoids avoided avoiding prevent prevents prevented
        preventing instead unable
    """,
    marks={
        "f": "from",
        "t": "to into onto toward towards",
        "o": "of",
        "i": "in inside within",
        "b": "by via",
        "h": "than",
        "w": "with",
        "r": "for",
        "e": "between among",
        "a": "at",
        "g": "against",
        "l": "like as",
        "s": "on upon",
    },
    joiners="and or vs versus nor",
    kinds={
        "how": "how hows",
        "why": "why whys",
        "who": "who whom whos",
        "whose": "whose",
        "when": "when whens",
        "where": "where wheres",
        "what": "what whats which",
    },
    degrees={
        "many": "many much",
        "long": "long",
        "often": "often frequently",
        "far": "far",
        "old": "old",
        "tall": "tall high",
        "big": "big large",
        "fast": "fast quickly soon",
        "good": "good well accurate",
    },
    possessors={"my": "my mine our ours", "your": "your yours ur"},
    numbers="""
        zero
        |
        two twice
        three thrice
        four
        five
        six
        seven
        eight
        nine
        ten
        eleven
        twelve
        thirteen
        fourteen
        fifteen
        sixteen
        seventeen
        eighteen
        nineteen
        twenty
    """,
    scales={
        "hundred": 100, "hundreds": 100, "thousand": 1_000, "thousands": 1_000, "million": 1_000_000,
        "millions": 1_000_000, "billion": 1_000_000_000, "billions": 1_000_000_000, "trillion": 1_000_000_000_000,
        "dozen": 12, "dozens": 12, "lakh": 100_000, "lakhs": 100_000, "crore": 10_000_000, "crores": 10_000_000,
    },
    ordinals="""
        first
        second
        third
        fourth
        fifth
        sixth
        seventh
        eighth
        ninth
        tenth
        eleventh
        twelfth
    """,
    days="""
        monday mon
        tuesday tue tues
        wednesday wed
        thursday thu thur thurs
        friday fri
        saturday
        sunday
    """,
    months="""
        january jan
        february feb
        march mar
        april apr
        may
        june jun
        july jul
        august aug
        september sep sept
        october oct
        november nov
        december dec
    """,
    unsure="may march mar mon",
    relative="""
        today tonight
        tomorrow
        yesterday
        weekend weekends
        noon midday
        midnight
        spring
        summer
        autumn
        winter
        christmas
        easter
    """,
)  # fmt: skip

TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

POLES = """
    before|prior|pre after|post|later
    more|greater|larger|bigger|higher less|fewer|smaller|lower
    most least
    best|top|good|better worst|bad|worse
    maximum|max|maximal|maximize|maximise minimum|min|minimal|minimize|minimise
    highest|largest|biggest|longest|tallest lowest|smallest|shortest
    up down
    in out
    on off
    over|above under|below|beneath
    increase|raise|gain|grow|rise|boost decrease|reduce|lose|lower|drop|shrink|fall|decline|lessen
    enable|activate disable|deactivate
    open close|shut
    buy|purchase sell
    add|insert|append|include remove|delete|subtract|exclude|drop
    install uninstall
    encrypt|encode decrypt|decode
    import export
    upload download
    allow|permit|accept|approve deny|forbid|reject|block|ban|refuse|prohibit|decline
    lock unlock
    start|begin|launch end|finish
    send receive
    push pull
    connect|attach disconnect|detach
    true false
    right wrong|left
    win lose
    love|like hate|dislike
    hot|warm cold|cool
    rich poor
    old|ancient new|young|modern
    big|large small|little|tiny
    long short
    tall short
    high low
    fast|quick slow
    easy|simple hard|difficult
    early late
    cheap expensive|costly
    strong weak
    safe dangerous|risky
    happy|glad sad
    alive|living dead
    male|man|boy|husband|father|son|brother|king female|woman|girl|wife|mother|daughter|sister|queen
    him|he|his her|she
    men|boys|guys women|girls
    boyfriend girlfriend
    follow unfollow
    subscribe unsubscribe
    hire|employ fire|dismiss
    pass fail
    save|keep delete|discard
    lend borrow
    deposit withdraw|withdrawal
    credit debit
    profit loss
    asset liability
    advantage|pro|benefit disadvantage|con|drawback
    positive negative
    public private
    internal|inside|inner external|outside|outer
    arrive|arrival|come depart|departure|leave|go
    north south
    east west
    first last|final
    next|following last|previous|past
    always never
    all none
    legal illegal
    input output
    read write
    encourage discourage
    horizontal vertical
    row column
    ascending|ascend descending|descend
    parent child
    client server
    teach learn
    give take
    gain lose
    front back
    forward|forwards backward|backwards
    attack defend|defense|defence
    create|make destroy|delete
    expand collapse
    accelerate decelerate
    freeze melt|thaw|unfreeze
    empty full
    same different
    cause cure|treat
    introvert extrovert
    optimist pessimist
    asleep awake
    dry wet
    clean dirty
    even odd
    day night
    morning evening
    light|bright dark
    thick thin
    wide narrow
    deep shallow
    hide|hidden show
    lawful unlawful
    guilty innocent
    supply demand
    question answer
    veg|vegetarian nonveg|nonvegetarian
    single|unmarried married
    local global
    import export
    lender borrower
    employer employee
    bull bear
    theist atheist
    democrat|democratic republican
    undergraduate|bachelor graduate|master|postgraduate
    overweight underweight
    fat|obese skinny|slim
    hardware software
    frontend backend
    mount unmount
    zip|compress unzip|decompress|extract
    login logout
    debug release
    success failure
    married divorced
    birth death
    born die|died
"""
"""Opposites, a pair a line: words of the one side joined by bars, then those of the other."""

SYNONYMS = """
    best good top great greatest most
    site website webpage page
    girl woman lady female
    see watch view
    change switch
    create make form build develop
    sign symptom
    major main core key important
    type kind sort
    really truly
    improve increase better
    help improve
    restore recover
    meaning define
    overcome over
    earth world
    weird strange odd
    dying death die
    move travel go
    difference differ compare comparison
    meal dish food
    experience encounter
    book novel
    remember memorize
    often frequently always
    over end
    buy purchase
    movie film
    photo picture image pic photograph
    phone cellphone smartphone
    fast quick rapid
    begin start
    big large huge
    child kid
    job employment
    doctor physician
    car automobile
    company firm
    country nation
    error mistake
    earn make
    teach instruct
    end finish
    fix repair
    remove delete erase
    reduce lower decrease
    increase improve boost
    difference distinction distinguish differ
    weight fat
    boy guy man
    beautiful pretty
    money cash
    smart intelligent clever
    stupid dumb
    study learn
    job career
    test exam examination
    internet web
    program programming code coding
    usa us america american united
    uk britain british england
    india indian
    china chinese
    advice tip
    benefit advantage pro
    drawback disadvantage con
    cost price
    maximum max
    minimum min
    information info
    application app
    advertisement ad advert
    university college
    math mathematic maths
    speak talk
    wife spouse husband
    trip journey travel tour
    sad depress depression
    happen occur
    choose select pick
    answer reply
    get obtain gain receive
    show display
    cure treat treatment
    reason cause
    believe think
    email mail gmail
    delete remove
    hotel motel
    laptop notebook
    illness disease sickness
    shop store
    prepare preparation
"""
"""Words that may stand for each other, a group a line."""
