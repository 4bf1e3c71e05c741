"""Labels and papers: what they say, how they are drawn, and the bytes a printer or a browser takes."""
