"""Small closed word lists: what is also an ordinary word, what speaks of money, what turns a story."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group.split()) for group in text.split("|"))


# names and tickers made of these need more than themselves to be a company
COMMON_WORDS: Final = _words(
    """
    a about above academy access acorn across act action active actual ad add adobe advance advantage after again age agile ai aid aim air
    airlines airport airways alert align alive all alliance allied ally alpha alphabet alpine also altitude always am amazon amber ambition an
    anchor and angel angle animal answer ant any apart apple april apt arc arch archer are area aria ark arm armor army arrow art as ash aspect
    aspen asset at atlas atom aurora autumn avalon avenue aware away axe axis axle baby back badge balance ball ballast bancorp band bank banner
    bar bark barn baron barrel base basic basin basket bay be beach beacon beam bean bear beat beauty beaver bed bee been bell belt bench bend
    best beta better big bill birch bird bit black blade blast blaze blend bliss block bloom blue board boat body bold bolt bond bone book boom
    boost boot border born both bottle boulder bow bowl box brace branch brand brands brave bread break breeze brick bridge bright bring bristol
    broad brook brother brothers brown brush bubble bucket bud buffalo build bull bullet bulletin bumble burn bus bush butter button buy by cab
    cabin cable cactus cake call calm camel camp can canal candle canopy canvas canyon cap cape capital car carbon card cardinal care cargo
    carnival carrier carry cart case cash castle casual cat catalyst cause cave cedar cell center central centre century ceo cfo chain chair
    chalk champion change channel chapter charge chart chase check cherry chest chief child china chip choice church cinema circle citadel city
    clarity class classic clean clear cliff climb clip clock close cloud clover club cny coach coal coast coat cobalt code coffee coin cold
    collar colony color come comet comfort command common communications company compass concord condor cone contact coo coral core cork corn
    corner corporation corsair cosmos cost cotton country courage course court cove cover cow cpi craft crane cream credit creek crescent crest
    crew cricket crop cross crowd crown cruise crystal cube cup current curve cycle daily dairy dart data date dawn day deal dear deck deep deer
    delight delta den depot derby desert design desk detour dew dial diamond did digital dime direct discover discovery dish disk distant do
    dock doctor dog dollar dolphin dome door dot double dove down draft dragon dream drift drive drop drum duck duke dune dust duty eagle ear
    early earth east easy ebit ebitda ecb echo eclipse edge effect egg eight elastic elder electric element elephant elevate elm ember emerald
    eminent empire en end endeavor energy engine enigma enterprise enterprises envoy eps equal era esg essence estate eternal etf eu eur ev even
    ever evergreen every evolution exact excel exchange expedition express eye fabric face fact fair fairway faith falcon fall family fan far
    farm fast fat father favor feather fed feed fern ferry few fiber field fig fin financial find fine finger fir fire firm first fish five fix
    flag flame flare flash flat fleet flex flight flint flow flower fly foam focus fog fold folk food foods foot for force ford forest forge
    fork form fort fortress fortune forum forward foundation fountain four fox frame free freedom freight fresh friend frog from front frontier
    frost fruit fuel full fun fund fusion future galaxy gale gallery game gantry gap garden garnet gas gate gateway gather gbp gdp gear gem
    general genesis gentle giant gift ginger girl give glacier glass global globe glory go goal gold golden good grace grain grand granite grape
    graph grass gravity great green greet grid grip grocer group grove grow growth guard guardian guide gulf gum gun habit hall halo hammer hand
    handle happy harbor harbour hard hare harmony harp harvest has hat have haven hawk hawthorn hazel he head health heart hearth heat heather
    heaven hedge height helix helm help herald here heritage hero heron hidden high highland hill hinge his history hold holding holdings hollow
    holly home honest honey honor hood hook hope horizon horn horse host hot hound hour house how hr hub human hunt hunter hut ice icon idea if
    image imf impact imperial in inch indigo industries infinity inn inside insight instinct insurance insure integral intel inter international
    into ipo iris iron is island it item its ivory ivy jade jay jet jewel job join journey joy jpy judge jump jungle junior juniper jupiter just
    keel keen keep kernel key kind king kingdom kite knight knot know label laboratories lace ladder lake lamb lamp lance land lane lantern
    larder large lark laser last latch late laurel lava law lead leaf league leap learn leather ledger legacy legend legion lemon lens leopard
    less let letter level liberty life lift light lily lime line link lion liquid list little live living load loan lobby local lock locus lodge
    loft logic logistics long look loom loop lord lotus love low loyal luck lumen luna lynx machine made magic magnet magnolia magnum main major
    make mall man manor many map maple marathon marble march marine mark market marlin maroon mars mask mason mast master match materials matrix
    matter maverick may me meadow means measure medal media meet mercury meridian merit mesa message meta metal metro middle mile milk mill mind
    mine mineral mint minute mirror mission mist model modern moment monarch monday money monster month monument moon more morning mosaic moss
    most mother motion motor motors mountain mouse move much mule muse music must my mystic nail name national native natural nature nautilus
    navigator navy near neat nectar needle nest net network networks never new news next nexus nice night nike nimble nine no noble node nomad
    nor north nose not note nova now number nurse nut oak oasis object ocean octave odd of off offer office oil old olive omega omen on once one
    onyx opal open optimum option oracle orange orbit orchard orchid order organic origin oriole orion osprey other otter our out outlook over
    owl own oxford oyster pace pack paddle page paint pair palace palm panda panel panther paper paradise paragon parcel park partner partners
    pass path patriot pattern pawn pay pc peach peak pear pearl pebble pelican pen penguin penny people pepper perch perfect period petal
    pharmaceuticals phase phoenix phone pico picture piece pier pilgrim pillar pilot pin pine pinnacle pioneer pipe pirate pivot place plain
    plan plane planet plant plaza plow plug plum plus pocket point polar pole pond pony pool pop poplar port portal post pot powder power pr
    prairie premier present press prestige prime prince principal print prism private process products progress project promise proof properties
    prospect proud public pulse pump pure puzzle pyramid qoq quail quake quality quantum quarry quarter quartz queen quest quick quiet quill
    quilt quote r&d rabbit race rack radar radiant rain rainbow rally ram ranch range ranger rapid raven raw ray razor rd reach read ready real
    realm realty red reef reflex regal regent region relay reliance relic render renew republic rescue reserve resolve resource rest retail
    return revolution rhythm ribbon rice rich ride ridge right ring rise river rivet road robin robot rock rocket rod root rope rose round route
    row royal ruby rugby rule run rush rust sable saddle safe saga sage sail saint salmon salt same sand sandal sap sapphire satellite saturn
    save saw scale scan scarlet school science scope scout screen sea seal search season seat sec second secret see seed sell semiconductor
    senior sense sentinel sequel sequoia serene service services set seven shade shadow shaft shake shall shape share shark sharp she shed sheep
    shell shelter shield shift ship shipping shirt shoe shop shore short show side sierra sign signal silk silver simple single siren six sky
    slate sleep slide slim smart smile smith smoke snap snow so soap social soft software soil solar solid solo solution some song sonic soul
    sound source south space spark sparrow spectrum speed sphere spice spider spin spire spirit splash sport spot spring sprint spruce square
    squirrel stable staff stag stage stamp stand standard star start state station stay steam steel stellar stem step sterling steward still
    stock stone stop store stores stork storm story strata stream street stride string strong student studio style sugar summer summit sun
    sunday sunrise sunset super supreme sure surf surge swan sweep sweet swift swing switch sword sycamore symphony system systems table tail
    take talent talk tall tan tandem tank tap target task taste tax tea teal team tech technologies technology tell ten tender tent term terra
    terrace test than that the their them then there these they thing think third this thistle thorn thread three thrive through thunder tick
    ticket tide tie tiger tile timber time tin tiny tip titan to today together token tonic tool top topaz torch total touch tower town toy
    trace track trade trail train transit travel tread treasure tree trek trellis trend tribe trident trim trinity triple triumph true trumpet
    trust truth try tube tulip tundra turn turtle tv twelve twenty twin twist two uk umbrella un uncle under union unique unit united unity
    universal up upper upward urban us usa usd use utopia valley value van vanguard vat vault vector velocity velvet venture venus verge vertex
    very vessel via victor victory view viking villa village vine vintage violet virtue visa vision vital vivid voice void volt vortex voyage
    voyager wagon walk wall walnut wander war warm was wash watch water wave wax way we weave web well west whale wharf what wheat wheel when
    where which while white who whole why wide wild will willow win wind window wine wing winter wire wise wish with wolf woman wonder wood wool
    word work world worth would wren yacht yard year yellow yes yet yew you young your yoy ytd zebra zen zenith zero zest zinc zone zoom
    """
)

# a company has them, a fruit or a port has not
COMPANY_WORDS: Final = _words(
    """
    acquire acquired acquires acquisition analyst analysts bid bourse buyback buyout ceo cfo chairman chairwoman delisted dividend dividends
    downgrade downgraded downgrades earnings ebit ebitda eps equity forecast forecasts guidance investor investors ipo layoffs listing losses
    margin margins merger merges nasdaq nyse outlook premarket profit profits quarter quarterly rating results revenue revenues shareholder
    shareholders shares stake stock takeover turnover underwriters upgrade upgraded upgrades valuation writedown
    """
)

MONEY_WORDS: Final = COMPANY_WORDS | _words(
    """
    bonds business contract contracts costs credit customers deal debt demand factory guides income lender loan loss market markets order orders
    output plant plants price prices product products recall sales securities sites staff stores subscribers trading unit units volumes workers
    yield
    """
)

# what stands before a company's name: insurer Harbor
TRADES: Final = _words(
    """
    airline airlines automaker bank brewer broker builder buyer carmaker chipmaker conglomerate developer distiller drugmaker food grocer
    hotelier insurer lender maker manufacturer miner operator owner parent peer publisher regulator retailer rival seller shipper startup
    steelmaker store supermarket supplier tech telecom utility
    """
)

COMPANY_VERBS: Final = _words(
    """
    acquired acquires adds agreed agrees announced announces appointed appoints beats bought buys completed completes cuts expects filed files
    gains guides has hired hires issues launched launches lifts loses lowers misses moves mulls named names nears needs posted posts raises
    recalls renews reported reports said says secures seeks sells settles signed signs slashes slips slumps soars sold sued sues suspends swings
    tumbles turned unveiled unveils warned warns wins won
    """
)

# a capital inside a sentence says nothing about these
ALWAYS_CAPITAL: Final = _words(
    """
    alpine amazon april asia august aurora avalon bristol china christmas earth easter en english friday jade january july june jupiter lincoln
    march mars may mercury mesa monday neptune oxford phoenix pluto polar reading saturday saturn september sierra sterling sunday thursday
    titan tuesday turkey ulysses urban venus victoria viking wednesday
    """
)

LEGAL_FORMS: Final = _words(
    """
    ab ag as asa bhd bv co company corp corporation gmbh group holdings inc incorporated kgaa kk limited llc llp lp ltd nv oyj plc pte pty sa se
    spa srl tbk
    """
)

EXCHANGES: Final = _words(
    """
    aim amex ams asx bj bme bse cph ebr epa etr euronext fra hel hkex hkg jse krx lse mil nasdaq nse nyse osl otc otcqb otcqx par sehk sgx sh shse six
    sse sto swx sz szse tse tsx tsxv tyo vie wse xetra
    """
)

STOP_WORDS: Final = _words(
    """
    a about after ahead all also amid among an and another any are around as at be because been before being between both but by can could did
    do does during each even few for from had has have he her him his how i if in into is it its just may me might more most my new next no nor
    not now of off on once one only or other our out over own per said same she should since so some such than that the their them then there
    these they this those through to too under until up upon very via was we were what when where which while who whom why will with would yet
    you your
    """
)

# who says it, not what is said: a copy with another tail says nothing new
ATTRIBUTION_WORDS: Final = _words(
    """
    according alert analyst analysts breaking claim claimed claims exclusive filing headline hear hearing latest news newspaper newswire note
    online opinion paper people press read reads report reported reportedly reporter reporters reports reuters rumor rumored rumors rumour
    rumours say saying says see source sources statement story tell tells thread told tweet update updated updates watch wire
    """
)

# the same company, another event: forms of one word, apart from -s, -ed and -ing, stand together; of two opposites one is enough
TURNS: Final = _groups(
    """
    no not never nor neither none nothing cannot without | abandon | acquit | against | appeal | approve | arrest | avert | avoid | ban banned |
    bankrupt bankruptcy | beat beaten | below | block | cancel cancelled cancellation | charge | clear | close closure shut | complete completion
    | confirm | cut | decline | decrease | delay | deny denies denial | dismiss | down | downgrade | drop dropped | end ended | exit | fail
    failure | fall fell fallen | false | fewer less | fine fined | fire fired | halt | hike hikes | indict | innocent | junk | leave | lift | lose
    loses lost loss | lower | miss | narrow | negative | off | oppose | outperform | overturn | pause | plunge | postpone | quash | quit | raise |
    rebound | recover recovery | refute | reinstate | reject | remove | resign | restart | resume | retract | reverse | revise | revoke | rise
    rises rising rose risen | scrap scrapped | sell sold | settle | shed shedding | shrink shrank shrunk | slash | slow slower | soar | stop
    stopped | sue sues sued | surge | suspend suspension | tighten | tumble | unchanged | underperform | underweight | weak weaker weaken weakness
    | widen | win wins winning won | withdraw withdrew withdrawn | worse worst worsen
    """
)

CURRENCIES: Final = _words("aud cad chf cny czk dkk eur gbp hkd inr jpy nok nzd pln sek sgd usd")
