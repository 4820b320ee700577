package ringshift_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringshift"
)

func TestEventsTellWhatHappened(t *testing.T) {
	path := specFile(t, simple(1))
	router := openFile(t, path)
	wrong := strings.Replace(simple(2), `"vnodes":16`, `"vnodes":0`, 1)
	replace(t, path, wrong)
	for range 2 {
		if _, err := router.Refresh(); !errors.Is(err, ringshift.ErrSpecInvalid) {
			t.Fatal(err)
		}
	}
	replace(t, path, simple(3))
	if _, err := router.Refresh(); err != nil {
		t.Fatal(err)
	}
	events, err := router.Events(0)
	must(t, err)
	equal(t, len(events), 3)
	for place, kind := range []string{"applied", "rejected", "applied"} {
		equal(t, events[place].Kind, kind)
		equal(t, events[place].Sequence, uint64(place+1))
		if age := time.Since(events[place].Time); age < -time.Minute || age > time.Hour {
			t.Errorf("event %v is %v old", events[place], age)
		}
	}
	refused := events[1]
	equal(t, refused.Level, "warning")
	equal(t, refused.Generation, 1)
	equal(t, refused.Error, "spec_invalid")
	equal(t, refused.Pointer, "/clusters/blue/placement/vnodes")
	equal(t, refused.Line, 1)
	equal(t, refused.Column, strings.Index(wrong, `"vnodes":0`)+len(`"vnodes":`)+1)
	if !strings.Contains(refused.Message, filepath.Base(path)+":1:") {
		t.Errorf("%q doesn't say where", refused.Message)
	}
	equal(t, events[2].Generation, 3)
	equal(t, events[2].Error+events[2].Pointer+events[2].Cluster+events[2].Node, "")
	later, err := router.Events(events[1].Sequence)
	must(t, err)
	equal(t, len(later), 1)
	equal(t, later[0], events[2])
}
