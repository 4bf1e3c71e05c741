"""Numbers read alike in every language, as on labels and in EDI: a point before decimals, thousands in one piece."""
