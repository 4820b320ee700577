package steps

// Who may share whose load: each rule by itself, with the moments held apart by channels.

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// origin is a load that can be held: it says when it was begun, and goes on when it is told to.
type origin struct {
	begun chan int
	goOn  chan struct{}
	lock  sync.Mutex
	loads int
}

func newOrigin() *origin { return &origin{begun: make(chan int, 100), goOn: make(chan struct{})} }

// ask gives the number of the load.
func (o *origin) ask(context.Context) (*Item, error) {
	o.lock.Lock()
	o.loads++
	number := o.loads
	o.lock.Unlock()
	o.begun <- number
	<-o.goOn
	return &Item{Value: []byte(fmt.Sprint(number))}, nil
}

type result struct {
	text string
	err  error
}

// reader is a goroutine that loads.
type reader struct {
	done chan result
	// waits has an entry for each load of somebody else that it waits for.
	waits chan struct{}
}

// watched is a context that tells when it is waited for, which is when a load of somebody else is, too.
type watched struct {
	context.Context
	waits chan struct{}
}

func (w watched) Done() <-chan struct{} {
	w.waits <- struct{}{}
	return w.Context.Done()
}

// start lets a reader run that has arrived.
func start(l *loads, arrived uint64, ask func(context.Context) (*Item, error), fill func(*Item) bool) *reader {
	r := &reader{make(chan result, 1), make(chan struct{}, 100)}
	go func() {
		item, err := l.run(watched{context.Background(), r.waits}, "k", arrived, ask, fill)
		text := "nothing"
		if item != nil {
			text = string(item.Value)
		}
		r.done <- result{text, err}
	}()
	return r
}

func started(l *loads, arrived uint64, o *origin, accepted bool) *reader {
	return start(l, arrived, o.ask, func(*Item) bool { return accepted })
}

func want(t *testing.T, of *reader, text string) {
	t.Helper()
	select {
	case got := <-of.done:
		if got.text != text || got.err != nil {
			t.Fatalf("%s, %v; want %s", got.text, got.err, text)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
}

// twoShare fails the test unless two get one load: who leads it, and another, whose arrival is told when the load has begun.
func twoShare(t *testing.T, l *loads, arrival func() uint64, accepted bool) {
	t.Helper()
	o := newOrigin()
	first := started(l, l.arrive(), o, accepted)
	<-o.begun
	other := started(l, arrival(), o, accepted)
	<-other.waits
	close(o.goOn)
	want(t, first, "1")
	want(t, other, "1")
}

func TestWhoCameBeforeTheLoadBeganSharesItWhateverBecomesOfItsFill(t *testing.T) {
	var l loads
	before := l.arrive()
	twoShare(t, &l, func() uint64 { return before }, false)
}

func TestWhoCameWhileItRanSharesAnAcceptedFill(t *testing.T) {
	var l loads
	twoShare(t, &l, l.arrive, true)
}

func TestWhoCameWhileItRanLoadsAgainAsOneIfTheFillWasDefeated(t *testing.T) {
	var l loads
	o := newOrigin()
	first := started(&l, l.arrive(), o, false)
	<-o.begun
	var others []*reader
	for range 5 {
		other := started(&l, l.arrive(), o, false)
		<-other.waits
		others = append(others, other)
	}
	close(o.goOn)
	want(t, first, "1")
	for _, each := range others {
		want(t, each, "2")
	}
	if o.loads != 2 {
		t.Fatalf("%d loads; want 2", o.loads)
	}
}

func TestWhoComesWhenTheFillIsSentLoadsAlone(t *testing.T) {
	var l loads
	o := newOrigin()
	sent, answered := make(chan struct{}), make(chan struct{})
	first := start(&l, l.arrive(), o.ask, func(*Item) bool {
		close(sent)
		<-answered
		return true
	})
	<-o.begun
	close(o.goOn)
	<-sent
	want(t, started(&l, l.arrive(), o, true), "2")
	close(answered)
	want(t, first, "1")
}

func TestNothingAndErrorsAreSharedOnlyWithThoseWhoCameBefore(t *testing.T) {
	broken := errors.New("the origin is broken")
	for name, outcome := range map[string]error{"nothing": nil, "error": broken} {
		t.Run(name, func(t *testing.T) {
			var l loads
			begun, goOn := make(chan struct{}, 10), make(chan struct{})
			run := func(arrived uint64) *reader {
				return start(&l, arrived, func(context.Context) (*Item, error) {
					begun <- struct{}{}
					<-goOn
					return nil, outcome
				}, func(*Item) bool { panic("there is nothing to fill with") })
			}
			early := l.arrive()
			leader := run(l.arrive())
			<-begun
			before, after := run(early), run(l.arrive())
			<-before.waits
			<-after.waits
			close(goOn)
			for _, each := range []*reader{leader, before, after} {
				if got := <-each.done; got.text != "nothing" || !errors.Is(got.err, outcome) {
					t.Fatal(got)
				}
			}
			if loads := 1 + len(begun); loads != 2 {
				t.Fatalf("%d loads; want 2", loads)
			}
		})
	}
}

func TestALeaderThatGivesUpOrPanicsIsNobodysAnswer(t *testing.T) {
	for _, name := range []string{"gives up", "panics"} {
		t.Run(name, func(t *testing.T) {
			var l loads
			o := newOrigin()
			early := l.arrive()
			ctx, cancel := context.WithCancel(context.Background())
			begun, over := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(over)
				defer func() { _ = recover() }()
				_, _ = l.run(ctx, "k", l.arrive(), func(ctx context.Context) (*Item, error) {
					close(begun)
					<-ctx.Done()
					if name == "panics" {
						panic(name)
					}
					return nil, ctx.Err()
				}, nil)
			}()
			<-begun
			other := started(&l, early, o, true)
			<-other.waits
			close(o.goOn)
			cancel()
			want(t, other, "1")
			<-over
		})
	}
}

func TestWhoWaitsEndsWithItsContext(t *testing.T) {
	var l loads
	o := newOrigin()
	first := started(&l, l.arrive(), o, true)
	<-o.begun
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.run(ctx, "k", l.arrive(), o.ask, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(o.goOn)
	want(t, first, "1")
}

func TestALoadThatAsksForItsOwnKeyDoesNotWaitForItself(t *testing.T) {
	var l loads
	inner := func(context.Context) (*Item, error) { return &Item{Value: []byte("inner")}, nil }
	item, err := l.run(context.Background(), "k", l.arrive(), func(ctx context.Context) (*Item, error) {
		return l.run(ctx, "k", l.arrive(), inner, func(*Item) bool { panic("it does not lead") })
	}, func(*Item) bool { return true })
	if err != nil || string(item.Value) != "inner" {
		t.Fatal(item, err)
	}
}

func TestEachWhoSharesGetsBytesOfItsOwn(t *testing.T) {
	var l loads
	o := newOrigin()
	fill := func(item *Item) bool { return item.Value[0] != 0 }
	var all sync.WaitGroup
	run := func(arrived uint64) *reader {
		r := &reader{waits: make(chan struct{}, 100)}
		all.Add(1)
		go func() {
			defer all.Done()
			item, err := l.run(watched{context.Background(), r.waits}, "k", arrived, o.ask, fill)
			if err != nil || item.Value[0] == '!' {
				t.Error(item, err)
				return
			}
			// The race detector sees it if somebody else reads the same.
			item.Value[0] = '!'
		}()
		return r
	}
	run(l.arrive())
	<-o.begun
	for range 8 {
		<-run(l.arrive()).waits
	}
	close(o.goOn)
	all.Wait()
}
