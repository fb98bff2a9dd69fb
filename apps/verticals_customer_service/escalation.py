"""What a person has to read whatever the classifier thinks: danger, grief, law, fraud, anger, and a plain wish for a person.

Each kind is a rule of the shop, written as the words by which customers show it. The rules look at one message; that the bot's own
answers did not help is seen from the conversation (`moves`).
"""

from collections.abc import Mapping

import regex as re  # knows lookbehinds of any length

_RELATIVE = r"(?:husband|wife|partner|mother|mum|mom|father|dad|son|daughter|brother|sister|child|baby|toddler|grand\w+|nan|kid)"
_HARM = r"(?:hurt|injur\w+|fell|fallen|cut|burn\w*|scald\w*|chok\w+|swallow\w*|bleed\w*|bled|trapped|shock\w*|poison\w*|unconscious)"
_WOUND = rf"(?:{_HARM}|broke|broken|fractur\w+|sprain\w*|bruis\w+|crush\w*)"  # of a part of the body; a lamp can be broken too
_BODY = (
    r"(?:hand|arm|leg|foot|feet|toes?|finger|thumb|wrist|ankle|knee|elbow|shoulder|hip|ribs?|back|neck|face|eye|ear|nose|lips?|mouth|tongue|"
    r"tooth|teeth|head|skin)s?"
)
_THING = r"(?:blenders?|mixers?|whisks?|vacuums?|towels?|boards?|doors?|gates?|chairs?|rests?|stools?|cushions?|panels?|creams?|masks?|mirrors?)"
_HARMLESS = (  # of a relative
    rf"(?:(?:fell|fallen) (?:in love|asleep|apart)\b|cut (?:it|this|that|up|out|open)\b|cut (?:the|an?) (?!{_BODY}\b)|"
    r"burn marks?\b(?! on (?:his|her|their)\b)|burn(?:t|ed|s|ing) (?:the |some |a )?(?:rice|toast|sugar|milk|sauce|porridge|food|dinner)\b)"
)
_VEHICLE = r"(?:vans?|lorry|lorries|trucks?|drivers?)"
_COLLISION = r"(?:reversed|crashed|drove|hit|knocked|damaged|scratched|ran)"
_RULES: Mapping[str, tuple[str, ...]] = {
    "danger": (
        rf"\bmy {_RELATIVE}\b.{{0,60}}\b(?!{_HARMLESS}){_HARM}\b",
        rf"\b{_WOUND}\b.{{0,25}}\b(?:my|his|her|our|their) (?:{_RELATIVE}(?:'s)?|{_BODY}(?![ -]{_THING}\b))\b",
        rf"\bcollaps\w+ (?:under|on|onto) (?:me|us|him|her|them|my {_RELATIVE})\b",
        r"\b(?:caught|on|catch(?:es|ing)?) fire\b|\bin flames\b|\bflames (?:came|coming|shot)|\b(?:plug|cable|socket)\b.{0,20}\bmelt",
        r"\belectric shock\b|\belectrocut|\bexplode",
        r"\b(?:smell|stinks?|reek\w*|leak\w*) of (?:gas|burning)\b|\bgas (?:smell|leak)",
        r"\bsparks? (?:came|fly|flew|from)|\bsmoke (?:came|coming|from)|\bnobody'?s hurt\b|\bstitches\b",
        r"\b(?:from|taken to|rushed to|went to|ended up in) (?:the )?hospital\b|\bambulance\b|\b(?:to|from) a ?& ?e\b|\bemergency room\b",
        r"(?<!防)(?:烫伤|烧伤)(?!膏|药)|触电|漏电(?!保护)|[着起失]火|(?<!防)爆炸|冒烟|中毒|流血|[去送进]了?医院|救护车|急诊",
        r"(?:(?<![把扶])手|脚|脸|腿|眼睛?|头|孩子|宝宝|老人|爸|妈|老公|老婆|丈夫|妻子|儿子|女儿)[^，。！？]{0,8}[割划扎砸夹摔刺][伤破]",
    ),
    "distress": (
        rf"\b(?:my {_RELATIVE}|he|she) (?:has |have |had |just |sadly )*(?:died|passed away|is dying)\b",
        r"\bfuneral\b(?! (?:parlour|director|home))|\bbereave",
        r"\bsuicid|\bkill myself|\bend it all\b|\bwon'?t be (?:here|around) (?:next|any ?more|much)|\bnothing (?:matters|does) any ?more",
        r"\bno point (?:in )?living\b|\bcan(?:'?t|not) (?:face|cope|go on)\b|\bat (?:his|her) bedside\b|\bmy \w+'s bedside\b|\bdeathbed\b",
        r"\blost my job\b|\bmade redundant\b|\bbankrupt|\bcan(?:'?t|not) (?:make|afford|meet) (?:the|my|this) (?:next )?(?:payment|instalment)",
        r"\bi(?:'| a)?m (?:registered )?(?:blind|deaf|partially sighted)\b|\bscreen reader\b|\bdementia\b|\balzheimer",
        r"\b(?:do not|don'?t|can'?t|cannot) remember (?:order|buy)ing\b",
        r"去世|过世|离世|自杀|轻生|不想活|活不下去|抑郁症|失业|破产",
    ),
    "law": (
        r"\b(?:solicitor|lawyer|attorney|barrister)s?\b|\b(?:small claims|court (?:claim|action|forms?))\b|"
        r"\b(?:to|in) court\b(?! (?:house|road|lane|street|avenue|close|place|drive|gardens|mews|\d))|\bsu(?:e|ing) you\b",
        r"\blegal (?:action|letters?|steps|proceedings|advice)\b|\bletter before action\b|\btrading standards\b|\bombudsman\b",
        r"\bpolice\b(?! (?:station|canteen|blue))",
        r"\bdata protection\b|\bgdpr\b|\bsubject access\b|\beverything you (?:hold|have|store|keep) (?:about|on) me\b",
        r"\ball (?:the )?data you (?:hold|have)\b|\bcopyright|\btrade ?mark\b|\bregistered design\b|\binfring|\bpatent\b",
        r"\b(?:journalist|reporter)\b|\bfor (?:comment|a statement)\b|\ba statement (?:on|about)\b",
        rf"\byour {_VEHICLE}\b.{{0,60}}\b{_COLLISION}\b.{{0,40}}\bmy\b|\bone of your {_VEHICLE}\b.{{0,40}}\b{_COLLISION}\b",
        r"律师|起诉|法院|报警|警察|公安|消协|消费者协会|12315|工商局|市场监管|告你们|曝光|记者|[找联系]媒体|侵权",
    ),
    "account": (
        r"\bnever heard of\b|\b(?:don'?t|do not|didn'?t) recogni[sz]e\b",
        r"\bi (?:have |had |'ve )?never (?:changed|made|placed|authori[sz]ed|approved)\b|\bhacked\b|\bfraud\b|\bstolen card\b",
        r"\b(?:somebody|someone|a stranger)(?: else)? (?:has |had |is |was |'s )?"
        r"(?:got into|gets into|using|used|logged|ordered|bought|changed|cancell?ed|taken over)\b",
        r"\bmy (?:saved )?card was used\b",
        r"盗[刷号]|账[号户]被盗|(?:不是|没有?)(?:我|本人)(?:下|买|操作)的?",
    ),
    "complaint": (
        r"\b(?:formal|official|register a|make a|log(?:ged)? (?:as )?a|lodge a|file a|raise a|want to) (?:formal |official )?compla(?:int|in)\b",
        r"\bi complained\b|\bescalate\b|\bcompensat|\bwho(?:ever)? is in charge\b",
        r"\b(?:your|the) (?:driver|courier|delivery (?:man|men|driver|guy|team)|staff|advis[eo]r|assistant|man|woman|lady|cashier)s?\b.{0,60}"
        r"\b(?:rude|threw|laughed|swore|shouted|insult\w+|abus\w+|unbelievabl[ey]|slammed|kicked|lied)\b",
        r"\b(?:crooks|scammers|thieves|fraudsters|con ?artists|disgrace(?:ful)?|you are a joke|absolute joke|useless lot)\b",
        r"\byou (?:told|said|promised) (?:me )?(?:that|so|this|it)?\b.{0,15}\b(?:last|week|yesterday|before|twice|already|again)\b",
        r"[我要想去]投诉|投诉(?:你|客服|快递)|举报|骗子|骗钱|黑店|奸商|态度[太很极真]?(?:恶劣|差)|要求(?:赔偿|道歉)",
    ),
    "person": (
        r"\b(?:real|actual|live|human) (?:person|human|being|agent|advis[eo]r|member|someone|operator)\b|\bhumans?\b(?! resources)",
        r"\b(?:speak|talk|chat)(?:ing)? (?:to|with) (?:a |an |one of )?(?:(?:your|the) )?(?:\w+ )?"
        r"(?:person|someone|somebody|anyone|agent|advis[eo]r|staff|people|colleagues?|manager|team)\b",
        r"\b(?:put|pass|transfer|connect|hand) me (?:through|over|on|to)\b|\bmember of staff\b",
        r"\bget me (?:somebody|someone|(?:just )?(?:your|the|an?) (?:\w+ )?(?:person|manager|boss|supervisor|team|colleague|man|woman|lady|guy))\b",
        r"(?<!\b(?:driver|courier|crew)s?\b[^.?!]{0,25})\b(?:ring|phone) me\b(?! (?:before|when)\b[^.?!]*\b(?:deliver|arriv|near|come|coming))",
        r"\bcall ?back\b|\bnot? (?:a |another )?(?:ro)?bots?\b|\b(?:past the|to a|want a) bot\b|\btransfer me\b",
        r"\b(?:speak|talk|chat|connect\w*|transfer|pass|put|hand|get|give|want|need|prefer|reach)\b[^.?!]{0,25}\b(?:human|operator|representative|"
        r"(?:real|actual|live) \w+|(?:a|an|to) (?:person|agent|adviser|advisor|manager|colleague)|(?:somebody|someone) real)\b(?! \w+'?s\b)",
        r"\b(?:speak|talk|chat)(?:ing)? (?:to|with) (?:customer services?|(?:one of )?you|support)\b",
        r"^\W*(?:(?:yes|yeah|yep|ok|okay|no|sure|please|but)\W+){0,3}(?:ask for )?(?:an? |the )?(?:real |live |actual )?"
        r"(?:human|person|agent|operator|representative|advis[eo]r|colleague|somebody|someone)"
        r"(?: (?:from|in|of|on) (?:your|the) team)?(?:,? (?:please|pls|now))?\W*$",
        r"人工客服|人工服务|真人客服|(?:转|轉|接|要|找|换|換|请|請|叫|联系|聯繫)(?:个|個|一下|一位)?(?:人工(?!智|费|費|成本|草|花|皮|合成|湖)|真人|客服)",
        r"^\W*(?:人工|真人|客服)\W*$",
        r"(?:找|叫|让|要)(?:你们?)?的?(?:老板|经理|领导|主管|负责人)",
    ),
}
_COMPILED = {
    kind: re.compile("|".join(f"(?:{rule})" for rule in rules), re.IGNORECASE) for kind, rules in _RULES.items()
}
_SHOUTING = re.compile(r"!{2,}|\?{2,}|!\?")
_TRIED = re.compile(
    r"\b(?:i(?:'| ha)ve|i|we(?:'| ha)ve|have) (?:already |now )?(?:asked|checked|looked|searched|tried|waited|written|called|rung|emailed|e-mailed) |"
    r"\balready (?:did|done|tried|checked|asked|looked)\b|\b(?:asked all|looked in|checked with) |"
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|\d+) (?:days|weeks|months) ago\b|\bfor (?:two|three|four|\d+) (?:weeks|months)\b|"
    r"\bstill (?:no|not|nothing|hasn'?t|haven'?t|doesn'?t|won'?t|can'?t|isn'?t)\b|"
    r"\bstill (?:coming|missing|misses|blank|refused|nowhere)\b|\bnone of (?:it|them|that|this) (?:has |have )?(?:work|scan|help)|"
    r"\b(?:every|[2-9]|two|three|four|five|several) times?\b|"
    r"\b(?:through|tried|asked|checked|reissued) (?:\w+ ){0,4}twice\b|\bno (?:reply|answer|response)\b|"
    r"\b(?:tried|did|done) (?:everything|all)\b|\bisn'?t pending\b|\bscreenshot\b|\bstatement\b",
    re.IGNORECASE,
)
_CUES_THAT_ALL_IS_TRIED = 2


def reason(message: str) -> str | None:
    """Return why a person has to read a message: `danger`, `distress`, `law`, `account`, `complaint`, `person`, `exhausted`; or None."""
    kind = next((kind for kind, rule in _COMPILED.items() if rule.search(message)), None)
    if kind or _shouts(message):
        return kind or "complaint"
    return "exhausted" if len(_TRIED.findall(message)) >= _CUES_THAT_ALL_IS_TRIED else None


def _shouts(message: str) -> bool:
    letters = [letter for letter in message if letter.isalpha()]
    loud = sum(letter.isupper() for letter in letters)
    return len(letters) >= 15 and loud > 0.8 * len(letters) and bool(_SHOUTING.search(message))
