"""Units of measure and money. One unit a line, its first word its name here."""

UNITS = """
    % percent percentage pct prozent
    km kilometer kilometers kilometre kilometres kms
    m meter meters metre metres
    cm centimeter centimeters centimetre centimetres cms
    mm millimeter millimeters millimetre millimetres
    mile miles mi
    yard yards yd yds
    foot feet ft
    inch inches
    kg kilogram kilograms kilo kilos kgs
    g gram grams gramme grammes gm gms
    mg milligram milligrams
    lb pound pounds lbs
    oz ounce ounces
    ton tons tonne tonnes
    l liter liters litre litres
    ml milliliter milliliters millilitre millilitres
    gallon gallons gal
    cup cups
    s second seconds sec secs sekunde sekunden seconde secondes segundo segundos secondi
    min minute minutes mins minuten minuto minutos minuti
    h hour hours hr hrs stunde stunden heure heures hora horas ore
    day days tag tage tagen jour jours día días giorni dia dias
    week weeks woche wochen semaine semaines semana semanas settimane
    month months monat monate monaten mois mes meses mesi mês
    year years yr yrs jahr jahre jahren an ans année années año años anni ano anos
    c celsius °c
    f fahrenheit °f
    ° degree degrees
    mph
    kmh kph
    kb kilobyte kilobytes
    mb megabyte megabytes
    gb gigabyte gigabytes gig gigs
    tb terabyte terabytes
    w watt watts
    kw kilowatt kilowatts
    v volt volts
    mah
    hz hertz
    mhz
    ghz
    cal calorie calories kcal
    $ dollar dollars usd bucks
    € euro euros eur
    £ gbp quid
    ¥ yen jpy yuan rmb cny
    ₹ rupee rupees inr rs
    cent cents
    am a.m
    pm p.m
    acre acres
    sqft
    px pixel pixels
"""
"""A word counts as a unit only beside a number; alone it is a word like any other."""
