"""Simplified Chinese as it is written on the mainland, made from the traditional catalogue.

OpenCC converts characters and the words it knows; where Seiton means another word, ``TERMS`` says which.
"""

from __future__ import annotations

import re

from opencc import OpenCC

SCHEME = "tw2sp"

TERMS = {
    # What OpenCC takes for another word.
    "重新整理": "重新整理",
    "啟用": "启用",
    "停用": "停用",
    "複製": "复制",
    "登出": "退出登录",
    "登錄檔案": "记录文件",
    "登錄中": "记录中",
    "順序列出": "顺序列出",
    "查詢": "查询",
    "沒有執行": "没有执行",
    "先執行": "先执行",
    "執行任何": "执行任何",
    "執行模組的工作": "执行模块的工作",
    "新增：": "新增：",
    "預設": "默认",
    # What it leaves in the words of Taiwan.
    "作品資料": "作品资料",
    "作品資料夾": "作品文件夹",
    "資料與媒體庫一致": "资料与媒体库一致",
    "資料來源": "资料来源",
    "資料所說": "资料所说",
    "範本": "模板",
    "範例": "示例",
    "怎樣：樣本": "怎样：示例",
    "範本與樣本": "模板与示例",
    "片頭、預告、選單或樣本": "片头、预告、菜单或样片",
    "用戶端": "客户端",
    "指令": "命令",
    "選用部分": "可选部分",
    "全域": "全局",
    "背景": "后台",
    "歷程": "历史",
    "權杖": "令牌",
    "復原": "撤销",
    "恢復原": "恢复原",
    "復原者": "由其撤销",
    "拖曳": "拖动",
    "逐檔": "逐个文件",
    "紀錄": "记录",
    "記錄檔": "日志",
    "詳情請見記錄": "详情请见日志",
    "仍會留下記錄": "仍会留下记录",
    "設定檔": "配置文件",
    "唯讀": "只读",
    "連接埠": "端口",
    "中繼資料": "元数据",
    "行內旗標": "内联标志",
    "旗標": "命令行选项",
    "帳號": "用户名",
    "檔案清單": "文件列表",
    "清單": "列表",
    "收件匣": "收件箱",
    "自訂": "自定义",
    "比對": "匹配",
    "群組": "分组",
    "規則式": "表达式",
    "照標記讀出這個標題的樣式": "照标记读出这个标题的表达式",
    "引擎拒絕此樣式": "引擎拒绝此表达式",
    "樣式包含": "表达式包含",
    "樣式以單一": "表达式以单一",
    "樣式有": "表达式有",
    "樣式太複雜": "表达式太复杂",
    "樣式會太長": "表达式会太长",
    "重新導向": "重定向",
    "落單的代理碼": "孤立的代理项",
    "巢套": "嵌套",
    "反向參照": "反向引用",
    "原子群組": "原子组",
    "條件群組": "条件分组",
    "獨佔量詞": "占有量词",
    "註解": "注释",
    "字元類別": "字符类",
    "協定": "协议",
    "介面所定": "接口所定",
    "批次": "批次",
    "影集": "剧集",
    "監看": "监视",
    "結束碼": "退出码",
    "以代碼 1 結束": "以退出码 1 结束",
    "身分": "身份",
    "套用": "应用",
    "印出": "显示",
    "依序": "依次",
    "命令列": "命令行",
    "系統套件": "系统软件包",
    "當機": "崩溃",
    "暫存資料夾": "临时文件夹",
    "逐欄標色": "各字段标色",
    "異狀": "异常",
    "真正執行": "真正执行",
    "採用 MIT 授權": "采用 MIT 许可证",
    "日本語": "日本語",
    "遺失": "丢失",
    "覆寫": "覆盖",
    "更動": "改动",
    "搬移": "移动",
    "回報": "报告",
    "回應": "响应",
    "依": "按",
    "依據": "依据",
    "幾筆": "几条",
    "略過": "跳过",
    "垃圾桶": "回收站",
    "管理者": "管理员",
    "位移": "偏移",
    "識別碼": "标识",
    "主機名稱": "主机名",
    "反斜線": "反斜杠",
    "斜線": "斜杠",
    "句點或空白": "句点或空格",
    "送出": "发送",
    "帶入": "传入",
    "版本不合": "版本不符",
    "複本": "副本",
    "總覽": "概览",
}
"""Traditional → mainland, the longest first; what stands here is not shown to OpenCC."""

WHOLE = {"Log": "日志"}
"""By the English sentence: what no word of the traditional one tells."""

_PIECES = re.compile("(" + "|".join(sorted(map(re.escape, TERMS), key=len, reverse=True)) + ")")
_QUOTES = str.maketrans("「」『』", "“”‘’")
_converter = OpenCC(SCHEME)


def to_mainland(english: str, traditional: str) -> str:
    """Return the mainland's form of the traditional Chinese translation of ``english``."""
    pieces = (TERMS.get(piece) or str(_converter.convert(piece)) for piece in _PIECES.split(traditional))
    return WHOLE.get(english) or "".join(pieces).translate(_QUOTES)
