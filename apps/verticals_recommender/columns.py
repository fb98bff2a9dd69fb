"""What the columns of a shop's files are usually called, in English and in Chinese, and which ones are not read."""

from collections.abc import Collection

from verticals.data.examples import Note
from verticals.data.table import Table

ITEM_NAMES = {
    "item": (
        *("item", "item_id", "id", "sku", "product_id", "article_id", "movie_id"),
        *("物品", "物品编号", "物品id", "商品", "商品编号", "商品id", "商品编码", "货号", "编号"),
    ),
    "title": ("title", "name", "headline", "标题", "名称", "商品名称", "商品标题", "品名", "书名"),
    "description": (
        *("description", "text", "abstract", "body", "summary"),
        *("描述", "简介", "商品描述", "商品简介", "商品详情", "详情", "摘要", "正文", "内容"),
    ),
    "category": ("category", "section", "genre", "department", "类别", "分类", "类目", "商品分类", "商品类目", "栏目"),
    "brand": ("brand", "author", "publisher", "source", "品牌", "作者", "出版社", "来源"),
    "price": ("price", "价格", "售价", "单价", "商品价格", "销售价"),
    "tags": ("tags", "keywords", "标签", "关键词", "关键字"),
    "available": ("available", "in_stock", "库存", "库存状态", "库存数量", "是否有货", "上架状态"),
    "added": ("added", "added_at", "published", "published_at", "上架日期", "上架时间", "发布日期", "发布时间"),
}
INTERACTION_NAMES = {
    "user": (
        *("user", "user_id", "customer", "customer_id", "visitor", "reader"),
        *("用户", "用户id", "用户编号", "用户名", "会员", "会员id", "会员号", "会员编号", "客户", "客户id", "客户编号"),
        *("顾客", "买家", "读者"),
    ),
    "item": ITEM_NAMES["item"],
    "rating": ("rating", "stars", "score", "评分", "打分", "星级"),
    "weight": ("weight", "count", "quantity", "accessed", "权重", "数量", "购买数量", "件数", "次数"),
    "timestamp": (
        *("timestamp", "time", "date", "unix_time", "created_at"),
        *("时间", "日期", "下单时间", "下单日期", "购买时间", "购买日期", "付款时间", "浏览时间", "创建时间"),
    ),
}


def unread(table: Table, read: Collection[str | None], setting: str) -> list[Note]:
    """Name the columns that nothing was read from, and the setting by which one that is meant is named."""
    names = [name for name in table.columns if name not in read]
    message = f"{table.path.name}: columns that are not read, unless {setting}.ROLE=NAME names them: {', '.join(names)}"
    return [Note("unread_column", len(names), message)] if names else []
