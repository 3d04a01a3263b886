"""Words that tell a language by standing in almost every sentence of it. They say nothing about what is asked.

Invariant: a word that is common in two of the languages stands under both and speaks for neither alone.
"""

STOP_WORDS: dict[str, str] = {
    "en": """
        a about also am an and any are as at be because been being but by can could did do does doing done each else
        for from get had has have having he her here him his how i if in into is it its just let like may me might
        my of on onto or other our ours out please shall she should so some such than that the their them then there
        these they this those to too us very was we were what whats when where which while who whom whose why will
        with would you your yours d ll m re s t ve upon per im ive hows whos wheres
    """,
    "de": """
        aber als am darf darfst dürfen hier an auf aus bei bin bis bitte da das dass dein deine dem den denn der des
        die dies diese dieser dir du durch ein eine einem einen einer eines er es euch für hat habe haben hatte ich
        ihr ihre im in ins ist ja kann kannst können könnte könnten machen man mein meine mich mir mit muss nach
        noch oder schon sein seine sich sie sind so soll sollte über um und uns unser unter viel vom von vor war
        warum was wann welche welcher welches wenn wer werden wie wir wird wo wurde würde zu zum zur wieviel wieso
        weshalb
    """,
    "fr": """
        a à au aux avec c ce ces cet cette comment combien d dans de des du elle elles en es est et été être eu fait
        faire faut il ils j je l la le les leur lui m ma mais mes moi mon n nos notre nous on ont ou où par pas
        peut peux plus pour pourquoi puis qu quand que quel quelle quelles quels qui s sa sans se ses si son sont
        sur t ta te tes toi ton tu un une vos votre vous y quoi peuvent dois doit
    """,
    "es": """
        a al algo como cómo con cuál cuáles cuando cuándo cuánto cuántos cuánta cuántas de del donde dónde el él ella
        ellos en era es esa ese eso esta está están estar este esto estoy fue ha hace hacer han hay he la las le les
        lo los me mi mis muy nos o para pero por porque puede puedo pueden qué que quién quien se sea ser si sí sin
        sobre son soy su sus también te tengo tiene tu tú tus un una unos unas y ya yo debo debe
    """,
    "it": """
        a ad ai al alla alle anche che chi ci come con cosa da dal dalla dei del della delle di dove è e ed era
        essere fa fare gli ha hai hanno ho i il in io l la le lo loro ma mi mia mio nel nella nei noi o per perché
        più posso può puoi qual quale quali quando quanti quanto quante quanta questa questo se sei si sono su sul
        sua suo ti tra tu tua tuo un una uno vi voi devo deve quanto
    """,
    "pt": """
        a à ao aos as às com como da das de dela dele do dos e é ela ele eles em entre era essa esse esta está este
        eu foi fazer faz há isso isto já lhe mais mas me meu minha muito na não nas no nos nós o onde os ou para
        pela pelo por porque posso pode podem qual quais quando quanto quantos quantas que quem se sem ser seu seus
        sua suas são também te tem tenho ter um uma você vocês vou devo deve
    """,
    "nl": """
        aan als bij dan dat de deze die dit door een en er geen had heb hebben heeft het hij hoe hun ik in is je
        jij jouw kan kun kunnen maar me meer met mijn moet na naar niet nog of om onze ook op over te tot uit uw
        van veel voor waar waarom wanneer wat we welke werd wie wij worden wordt zal ze zich zij zijn zo zou hoeveel
    """,
    "pl": """
        aby ale być był była co czy dla do gdzie go i ile ja jak jaka jaki jakie jako jest jestem już kiedy kto
        która które który ma mam mnie moje może można na nie o od on po pod przez są się swoje ta tak ten to tego
        tym ty w we z za ze że dlaczego
    """,
    "tr": """
        ama bana ben beni benim bir bu çok da daha de değil en gibi ile için kaç ki kim mi mu mü nasil ne neden
        nedir nerede o olan olarak olur sen şu var ve veya ya yok zaman hangi
    """,
    "id": """
        ada adalah akan anda apa apakah atau bagaimana bahwa bisa dan dapat dari dengan di dia dimana harus ini itu
        jika kami kamu kapan karena ke kita mana mengapa mereka oleh pada saya sebagai siapa sudah tidak untuk yang
        berapa
    """,
}
"""Language (ISO 639-1) -> its words. Languages in scripts of their own are told by the script."""
