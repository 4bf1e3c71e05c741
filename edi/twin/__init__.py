"""The OEM twin: plays an assembly plant that calls off, watches its dock and scores what it receives.

`oem` is what the OEM knows, sends and gets; `score` judges from that alone. `floor` puts hands on the stations
and docks, `faults` is what goes wrong on the way, `plant` the scratch plant it all happens in, `shift` a scored
shift, `live` the endless one beside `make run`.
"""
