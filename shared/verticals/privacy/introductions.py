"""Names that a person gives as their own, found by what stands around them, in the languages of Europe and some of Asia."""

from collections.abc import Iterator

import regex as re  # knows capital letters and scripts of every language

from verticals.privacy.found import Found

_PART = r"(?:\p{Lu}[\p{L}\p{M}'’-]+|\p{Lu}\.?(?=\s\p{Lu}))"
_MORE = rf"(?:\s(?:(?:van|von|de|der|den|la|le|da|di|del|do|dos|bin|al|el|ten|ter)\s)*{_PART})"
_WITH_TITLE = r"(?:(?:Dr|Prof)\.?\s)?"
_FAMILY = (  # the commonest names of Chinese families
    "欧阳|司马|上官|诸葛|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白"
    "崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文]"
)
_NAMED = re.compile(  # what stands before a name, whatever its number of words
    r"(?:\b(?i:my (?:full )?name(?:['’]?s| is)|name is|name\s?[:-]|(?:this|it) is(?= \p{Lu})|i am(?= \p{Lu})|i['’]?m(?= \p{Lu})|i['’]?m called|"
    r"in the name of|under the name(?: of)?|on behalf of|name on (?:the )?card(?: is|:)?|account holder(?: is|:)?|(?:ship|send) to:|"
    r"addressed to|signed(?: by)?|speaking to|mein name ist|ich hei(?:ß|ss)e|kontoinhaber(?:in)?(?: ist|:)?|je m['’]appelle|mon nom est|au nom de|"
    r"me llamo|mi nombre es|a nombre de|mi chiamo|il mio nome è|a nome di|mijn naam is|ik heet|t\.n\.v\.|ten name van|nazywam się|mam na imię|"
    r"chamo-me|(?:o )?meu nome é|jag heter|mitt namn är|jeg he(?:dd|t)er|mit(?:t)? navn er|nimeni on|jmenuji se|a nevem|mă numesc|benim adım|"
    r"ismim|меня зовут|мене звати|με λένε|ονομάζομαι|nama saya|tên tôi là)[,:]?\s+"
    r"|\b(?i:mr|mrs|ms|miss|dr|herr|frau|madame|monsieur|mme|señora?|sra?|signora?)\.?\s+)"
    rf"(?P<name>{_WITH_TITLE}{_PART}{_MORE}{{0,3}})"
    r"|(?i:\b(?:regards|thanks|thank you|cheers|best|wishes|sincerely|faithfully|truly|(?:very|so) much|yours|"
    r"gr(?:ü|ue)(?:ß|ss)en?|cordialement|atentamente|saludos|cordiali saluti|"
    r"z poważaniem|hilsen|hälsningar|groet(?:en)?),?\s*[\n,]?\s*)"
    rf"(?P<signed>{_WITH_TITLE}{_PART}{_MORE}{{0,3}})(?=\s*(?:$|[,\n]))"
    r"|(?:我叫(?![了的你您他她人车过不什啥])|姓名[:：]\s*)(?P<chinese>\p{Han}{2,4})"
    rf"|我是(?P<introduced>(?:{_FAMILY})(?:(?![的了吗呢啊])\p{{Han}}){{1,2}})(?=[\W\d]|$|电话|手机)"  # else who or what somebody is
    r"|(?:^|[\s、。])(?P<japanese>[\p{Han}\p{Hiragana}\p{Katakana}]{2,10}?)(?:と申し|といいま|と言いま)"
    r"|이름은\s*(?P<korean>\p{Hangul}{2,5}?)\s*(?:입니다|이에요|예요|이고)"
    r"|मेरा नाम\s+(?P<hindi>[\p{Devanagari}\s]{2,40}?)\s+(?:है|हूँ)"
    r"|اسمي\s+(?P<arabic>\p{Arabic}+(?:\s(?!و)\p{Arabic}+)?)"
)
_INTRODUCED = re.compile(  # weaker: only where two capitalised words follow
    r"(?:\b(?i:under|called|ask(?:ing)? for|contact|s?he['’]?s|i,|ich bin|je suis|demander|soy|sono|ik ben|sou|jestem|jag är|jeg er|"
    r"(?:my|mon|ma|mein|meine) (?:husband|wife|partner|son|daughter|mother|father|mum|dad|brother|sister|"
    r"flatmate|neighbour|mari|femme|frau|mann)),?\s+)"
    rf"(?P<name>{_PART}{_MORE}{{1,3}})"
)
_APPOSED = re.compile(rf"[,:]\s(?P<name>{_PART}{_MORE}{{1,3}})(?=\s?[,:])")
_NO_LOWER_NAME = (
    r"(?:a|also|am|an|and|are|as|at|because|but|by|cannot|can|correct|for|from|has|have|he|here|how|if|in|is|it|mentioned|misspel\w+|missing|mud|my|no|"
    r"not|now|of|off|on|or|order|our|please|she|shown|so|spel\w+|still|that|the|there|they|this|to|under|up|was|we|what|when|where|which|who|why|"
    r"with|wrong|wrongly|you|your)\b(?!['’-])"
)
_LOWER_WORD = rf"(?!{_NO_LOWER_NAME})\p{{Ll}}[\p{{Ll}}'’-]++"
_NAMED_IN_LOWER_CASE = re.compile(
    r"(?i:\bmy (?:full )?name(?:['’]?s| is)|(?<!\b(?:product|item|article|brand|file|shop|company)\s)\bname:)"
    rf"\s(?P<name>{_LOWER_WORD}(?:\s{_LOWER_WORD})?)"
)
_LOWER_CASE = re.compile(
    r"^(?:(?:hi|hello|hey|hiya),?\s(?:this is|it['’]?s|i['’]?m|im)\s(?P<one>[\p{Ll}'’-]+)"
    r"|(?:(?:hi|hello|hey),?\s)?this is\s(?P<two>[\p{Ll}'’-]+\s[\p{Ll}'’-]+))(?=,)"
)
_NO_NAMES = {
    *("I", "The", "A", "An", "My", "Your", "This", "That", "It", "Is", "Not", "Sorry", "Still", "Just", "Very", "So"),
    *("Really", "And", "But", "If", "Please", "Order", "OK", "Hi", "Hello", "Customer", "Customers"),
    *("Christmas", "Easter", "January", "February", "March", "July", "September", "October", "November", "December"),
    *("American", "British", "Chinese", "Dutch", "English", "European", "French", "German", "Indian", "Irish"),
    *("Italian", "Polish", "Portuguese", "Scottish", "Spanish", "Welsh"),
    *("Awful", "Disgusting", "Ridiculous", "Unacceptable", "Urgent"),
}
_WEEKDAYS = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
_COMMON_WORD = re.compile(  # in "this is urgent, ..." and "hi its late, ..." no name follows
    r".{1,2}|.*(?:ing|ed|ly|ous|ful|ble|ive|less|able|ent|ish|tion)|about|again|already|awful|back|bad|been|broken|cold|crazy|customer|dead|empty|fine|for|"
    r"from|good|gone|great|here|joke|just|late|lost|mad|more|new|nice|not|now|odd|old|only|order|our|out|over|really|red|sad|same|silly|small|"
    r"still|stuck|such|the|there|third|too|torn|unfair|very|way|weird|what|wet|why|wrong|yet|your"
)


def names(text: str) -> Iterator[Found]:
    """Find names beside which somebody says that they are one."""
    for pattern in (_NAMED, _NAMED_IN_LOWER_CASE, _INTRODUCED):
        for match in pattern.finditer(text):
            group = match.lastgroup or "name"
            words = match[group].split()
            if words[0] not in _NO_NAMES and not _WEEKDAYS.intersection(words):
                yield Found("name", *match.span(group))
    match = _LOWER_CASE.search(text)
    if match and not any(_COMMON_WORD.fullmatch(word) for word in match[match.lastgroup or "one"].split()):
        yield Found("name", *match.span(match.lastgroup or "one"))


def apposed(text: str) -> Iterator[Found]:
    """Find what stands between commas as a name would."""
    for match in _APPOSED.finditer(text):
        yield Found("name", *match.span("name"))
