"""Links: which a title stands for, kept in place when the rules change, wanted or filtered out."""
