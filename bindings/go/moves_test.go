package ringshift_test

import (
	"errors"
	"fmt"
	"testing"

	"ringshift"
)

func TestWhatMoves(t *testing.T) {
	spec := migrationSpec(7, `"stage":"prepare"`, 3, 4)
	moves, err := ringshift.WhatMoves([]byte(spec), []byte(spec))
	must(t, err)
	equal(t, len(moves.Clusters), 2)
	equal(t, fmt.Sprint(moves.Clusters[0].Moved, len(moves.Clusters[0].Flows), moves.Clusters[0].Sample), "0 0 0")
	equal(t, moves.Migration.From+" "+moves.Migration.To, "blue green")
	if moved := moves.Migration.Moved; moved < 0.999 || len(moves.Migration.Flows) == 0 {
		t.Fatalf("under another prefix every entry moves, not %v", moved)
	}
	if _, err := ringshift.WhatMoves([]byte(spec), []byte("{")); !errors.Is(err, ringshift.ErrSpecSyntax) {
		t.Fatal(err)
	}
}
