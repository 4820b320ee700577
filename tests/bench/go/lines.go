// What the program prints: a JSON line for every subject and check.

package main

import (
	"encoding/json"
	"os"
)

const suite = "go"

// line is what is printed for a subject and number of nodes.
type line struct {
	Suite      string    `json:"suite"`
	Subject    string    `json:"subject"`
	Nodes      int       `json:"nodes"`
	Keys       int       `json:"keys"`
	NS         []float64 `json:"ns"`
	MaxOverAvg *float64  `json:"max_over_avg"`
	Moved      *float64  `json:"moved"`
}

// check prints whether something holds that must hold whatever the machine.
func check(name string, ok bool, detail string) error {
	return show(map[string]any{"suite": suite, "check": name, "ok": ok, "detail": detail})
}

func show(line any) error {
	return json.NewEncoder(os.Stdout).Encode(line)
}
