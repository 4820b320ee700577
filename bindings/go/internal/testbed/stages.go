// Where values are, and where they are removed, in each stage of a migration.

package testbed

import (
	"sync"
	"testing"
	"time"
)

// Stages moves a cluster, a stage at a time. set stores v under k and reads it; remove removes k and finds it gone.
func (a Adapter[C]) Stages(t *testing.T, set, remove func(t *testing.T, client C)) {
	blue, green, spec := a.two(t)
	client := a.Client(t, spec)
	for _, stage := range []struct {
		name     string
		percent  int
		onBlue   string
		onGreen  string
		fallback bool
	}{
		{"", 0, "v", "nothing", false},
		{"prepare", 0, "v", "nothing", false},
		{"ramp", 0, "v", "nothing", false},
		{"ramp", 100, "nothing", "v", true},
		{"soak", 0, "nothing", "v", false},
		{"final", 0, "nothing", "v", false},
	} {
		t.Run(stage.name, func(t *testing.T) {
			spec.Stage, spec.Percent = stage.name, stage.percent
			spec.Apply(t, client.Router())
			set(t, client)
			a.at(t, blue, green, "k", stage.onBlue, stage.onGreen)
			remove(t, client)

			a.Put(t, blue, "old", "w", 0)
			if _, err := client.Read("old"); (err == nil) != (stage.onBlue == "v" || stage.fallback) {
				t.Fatal(err)
			}
			Must(t, client.Invalidate("old"))
			Must(t, client.Invalidate("old"))
			if stage.name != "final" && a.On(t, blue, "old") != "nothing" {
				t.Fatal("it was not invalidated")
			}
		})
	}
}

// WritesLeaveNothingOld has both clusters hold an old value of k, which set replaces by new and remove removes, where the
// stage says so.
func (a Adapter[C]) WritesLeaveNothingOld(t *testing.T, set, remove func(client C) error) {
	blue, green, spec := a.two(t)
	spec.Percent = 100
	for _, stage := range []string{"none", "prepare", "ramp", "soak"} {
		spec.Stage = stage
		client := a.Client(t, spec)
		for name, write := range map[string]func(C) error{"set": set, "remove": remove} {
			a.Put(t, blue, "k", "old", 0)
			a.Put(t, green, "g1:k", "old", 0)
			Must(t, write(client))
			source, destination := "nothing", "nothing"
			if name == "set" {
				source = "new"
			}
			if stage == "ramp" || stage == "soak" {
				source, destination = destination, source
			}
			if stage == "none" {
				destination = "old"
			}
			if b, g := a.On(t, blue, "k"), a.On(t, green, "g1:k"); b != source || g != destination {
				t.Fatal(stage, name, b, g)
			}
		}
	}
}

// InvalidationMeetsNewSpec puts a new spec in force while an invalidation of k is under way: it is sent to the nodes of
// both. removal is the line with which a node is asked.
func (a Adapter[C]) InvalidationMeetsNewSpec(t *testing.T, removal string) {
	blue, green, next := a.two(t)
	next.Stage = "prepare"
	var once sync.Once
	var client C
	relay := NewRelay(t, blue, func(line string) string {
		once.Do(func() { next.Apply(t, client.Router()) })
		return line
	})
	client = a.Client(t, Spec{Blue: []string{relay.Address}})
	a.Put(t, green, "g1:k", "old", 0)
	a.Put(t, blue, "k", "old", 0)
	Must(t, client.Invalidate("k"))
	a.at(t, blue, green, "k", "nothing", "nothing")
	asked := 0
	for _, line := range relay.Lines() {
		if line == removal {
			asked++
		}
	}
	if asked != 2 {
		t.Fatalf("the node that left the spec meanwhile was asked %d times", asked)
	}
}

// Replicas loads and invalidates a key that two nodes have, of which one dies.
func (a Adapter[C]) Replicas(t *testing.T) {
	all := []*Server{a.Start(t), a.Start(t)}
	client := a.Client(t, Spec{Blue: []string{all[0].Address, all[1].Address}, Replicas: 2})
	value, err := client.Load("k", func() ([]byte, error) { return []byte("v"), nil })
	Must(t, err)
	if string(value) != "v" || a.On(t, all[0], "k") != "v" || a.On(t, all[1], "k") != "v" {
		t.Fatal("it is not at both")
	}
	all[0].Kill()
	if value, err := client.Read("k"); err != nil || value != "v" {
		t.Fatal(value, err)
	}
	if lost := LostOf(t, client.Invalidate("k")); len(lost) != 1 || lost[0].Address != all[0].Address {
		t.Fatal(lost)
	}
	if a.On(t, all[1], "k") != "nothing" {
		t.Fatal("the other one was not invalidated")
	}
}

// HalfMoved makes a client of two clusters with two nodes each, half-way in a ramp. Every second one of the keys has a value
// on blue, which is "v " and the key; the others have none.
func (a Adapter[C]) HalfMoved(t *testing.T) (client C, keys []string, green []*Server) {
	t.Helper()
	blue := []*Server{a.Start(t), a.Start(t)}
	green = []*Server{a.Start(t), a.Start(t)}
	client = a.Client(t, Spec{
		Blue: []string{blue[0].Address, blue[1].Address}, Green: []string{green[0].Address, green[1].Address},
		Stage: "ramp", Percent: 50,
	})
	for i := range 300 {
		key := "key:" + string(rune('a'+i%26)) + string(rune('a'+i/26))
		keys = append(keys, key, "absent:"+key)
		for _, server := range blue {
			a.Put(t, server, key, "v "+key, time.Hour)
		}
	}
	return client, keys, green
}
