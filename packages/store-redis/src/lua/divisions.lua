-- Known divisions in order. KEYS: divisions · ARGV: after or "", limit
return redis.call("ZRANGEBYLEX", KEYS[1], ARGV[1] == "" and "-" or "(" .. ARGV[1], "+", "LIMIT", 0, ARGV[2])
