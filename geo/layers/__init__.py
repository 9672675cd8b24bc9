"""Layers of a map: classes, colours, legends, words; and the pour of values into bytes made once."""
