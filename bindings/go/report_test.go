package ringshift_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringshift"
)

func TestReportsAreCounted(t *testing.T) {
	router := fromSpec(t, simple(1), ringshift.WithRegion("kr"))
	node := route(t, router, "user:42").Read().Node()
	ops := []ringshift.Op{ringshift.OpRead, ringshift.OpFill, ringshift.OpInvalidate}
	outcomes := []ringshift.Outcome{ringshift.OutcomeHit, ringshift.OutcomeMiss, ringshift.OutcomeOK,
		ringshift.OutcomeError, ringshift.OutcomeTimeout, ringshift.OutcomeUnreachable,
		ringshift.OutcomeUnsent}
	expected := map[string]uint64{}
	for row, op := range ops {
		for column, outcome := range outcomes {
			times := row*len(outcomes) + column + 1
			for range times {
				must(t, router.Report(node, op, outcome))
			}
			expected[fmt.Sprintf("blue %s %s", op, outcome)] = uint64(times)
		}
	}
	metrics, err := router.Metrics()
	must(t, err)
	equal(t, len(metrics.Requests), len(expected))
	text, err := router.MetricsText()
	must(t, err)
	equal(t, strings.HasSuffix(text, "# EOF\n"), true, text)
	for _, request := range metrics.Requests {
		name := fmt.Sprintf("%s %s %s", request.Cluster, request.Op, request.Outcome)
		equal(t, request.Count, expected[name], name)
		equal(t, strings.Contains(text, fmt.Sprintf(" %d\n", request.Count)), true, text)
	}
	equal(t, metrics.Region, "kr")
	equal(t, router.Region(), "kr")
}

func TestReportsThatCannotBeMeant(t *testing.T) {
	router := fromSpec(t, simple(1))
	node := route(t, router, "user:42").Read().Node()
	stranger := route(t, fromSpec(t, simple(1)), "user:42").Read().Node()
	wantKind(t, router.Report(nil, ringshift.OpRead, ringshift.OutcomeHit), ringshift.ErrInvalidArgument)
	wantKind(t, router.Report(stranger, ringshift.OpRead, ringshift.OutcomeHit), ringshift.ErrInvalidArgument)
	wantKind(t, router.Report(node, 3, ringshift.OutcomeHit), ringshift.ErrInvalidArgument)
	wantKind(t, router.Report(node, ringshift.OpRead, 7), ringshift.ErrInvalidArgument)
	metrics, err := router.Metrics()
	must(t, err)
	equal(t, len(metrics.Requests), 0)
	equal(t, fmt.Sprint(ringshift.Op(3), ringshift.Outcome(7), ringshift.Stage(4)), "unknown unknown unknown")
}

// With a breaker open the route names another node or, where there is none, nowhere; then one probe closes it again.
func TestABreakerOpensAndCloses(t *testing.T) {
	spec := strings.Replace(simple(1), `"primary"`,
		`"breaker":{"failures":2,"open":"20ms","max_open":"20ms","max_ejected":1},"primary"`, 1)
	router := fromSpec(t, spec)
	healthy := route(t, router, "user:42")
	node := healthy.Read().Node()
	for range 2 {
		must(t, router.Report(node, ringshift.OpRead, ringshift.OutcomeTimeout))
	}
	// Only here the clock counts: were this late, the first of these would be the probe.
	groups, err := router.GroupByNode([]string{"user:42"})
	must(t, err)
	metrics, err := router.Metrics()
	must(t, err)
	open := 0
	for _, breaker := range metrics.Breakers {
		if breaker.State != "closed" {
			open++
			equal(t, breaker.Cluster+"/"+breaker.Node, name(node))
		}
	}
	equal(t, open, 1)
	if nowhere, ok := groups[nil]; ok {
		equal(t, fmt.Sprint(nowhere), "[0]")
	}
	probe := waitFor(t, func() *ringshift.Route {
		found := route(t, router, "user:42")
		if found.Read() == nil {
			equal(t, fmt.Sprint(invalidateNames(found)), fmt.Sprintf("[%s]", name(node)))
			return nil
		}
		return found
	})
	equal(t, probe, healthy, "the route with a probe is the one of before")
	must(t, router.Report(probe.Read().Node(), ringshift.OpRead, ringshift.OutcomeHit))
	for range 100 {
		equal(t, route(t, router, "user:42"), healthy)
	}
}

// A probe is given to one caller only, so it must reach that caller also when its route was never seen in this epoch,
// and also in a batch.
func TestAProbeIsNotLostInANewEpoch(t *testing.T) {
	breaker := `"breaker":{"failures":1,"open":"1ms","max_open":"1ms","max_ejected":1},"primary"`
	text := func(generation int) string { return strings.Replace(simple(generation), `"primary"`, breaker, 1) }
	for about, ask := range map[string]func(*ringshift.Router) *ringshift.Route{
		"alone": func(router *ringshift.Router) *ringshift.Route { return route(t, router, "user:42") },
		"among many": func(router *ringshift.Router) *ringshift.Route {
			routes, err := router.RouteMany([]string{"user:42"})
			must(t, err)
			return routes[0]
		},
	} {
		t.Run(about, func(t *testing.T) {
			router := fromSpec(t, text(1))
			must(t, router.Report(route(t, router, "user:42").Read().Node(), ringshift.OpRead, ringshift.OutcomeError))
			applied, err := router.Apply([]byte(text(2)))
			must(t, err)
			equal(t, applied, true)
			time.Sleep(5 * time.Millisecond)
			// The time is over, so the very next caller has the probe; a lost one would come back after seconds only.
			if ask(router).Read() == nil {
				t.Fatal("the probe was lost")
			}
			equal(t, ask(router).Read(), nil)
		})
	}
}

// The struct has all that the library tells, so that nothing new is missed.
func TestMetricsHaveAllFields(t *testing.T) {
	router := fromSpec(t, migrationSpec(4, `"stage":"ramp","percent":12.5`, 2, 3))
	must(t, router.Report(route(t, router, "user:42").Read().Node(), ringshift.OpRead, ringshift.OutcomeHit))
	text, err := router.MetricsJSON()
	must(t, err)
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var strict ringshift.Metrics
	must(t, decoder.Decode(&strict))
	metrics, err := router.Metrics()
	must(t, err)
	equal(t, fmt.Sprint(*metrics), fmt.Sprint(strict))
	equal(t, fmt.Sprintf("%d %d %s %d %q", metrics.Generation, metrics.Epoch, metrics.Stage, metrics.Weight, metrics.Region),
		`4 1 ramp 1250 ""`)
	equal(t, metrics.Digest, router.Digest())
	equal(t, len(metrics.Breakers), 5)
	equal(t, metrics.Reloads.Applied, 1)
}
