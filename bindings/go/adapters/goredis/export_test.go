package goredis

// Scripts are those that are sent, by name.
func Scripts() map[string]string { return map[string]string{"lease": leaseText, "fill": fillText} }
