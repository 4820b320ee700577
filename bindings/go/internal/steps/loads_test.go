package steps

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// waiting gives goroutines the time to wait for a load.
func waiting() { time.Sleep(20 * time.Millisecond) }

func versioned(version int64) *Item { return &Item{Value: fmt.Append(nil, version)} }

// together has one reader load, lets others come while it does, and gives what all of them get.
func together(l *Loads, accepted bool) (first string, others []string, loads int64) {
	var count atomic.Int64
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	ask := func(context.Context) (*Item, error) {
		version := count.Add(1)
		once.Do(func() { close(begun) })
		<-goOn
		return versioned(version), nil
	}
	fill := func(*Item) (bool, error) { return accepted, nil }
	read := func() string {
		item, err := l.Run(context.Background(), "k", l.Arrive(), ask, fill)
		if err != nil {
			return err.Error()
		}
		return string(item.Value)
	}
	results := make(chan string, 6)
	go func() { results <- "first " + read() }()
	<-begun
	for range 5 {
		go func() { results <- read() }()
	}
	waiting()
	close(goOn)
	for range 6 {
		var version string
		result := <-results
		if n, _ := fmt.Sscanf(result, "first %s", &version); n == 1 {
			first = version
		} else {
			others = append(others, result)
		}
	}
	return first, others, count.Load()
}

func TestALoadWhoseFillWasAcceptedIsShared(t *testing.T) {
	first, others, loads := together(&Loads{}, true)
	if first != "1" || fmt.Sprint(others) != "[1 1 1 1 1]" || loads != 1 {
		t.Fatal(first, others, loads)
	}
}

func TestALoadWhoseFillWasNotAcceptedIsNotSharedWithThoseWhoCameLater(t *testing.T) {
	first, others, loads := together(&Loads{}, false)
	// And they load as one.
	if first != "1" || fmt.Sprint(others) != "[2 2 2 2 2]" || loads != 2 {
		t.Fatal(first, others, loads)
	}
}

func TestNobodyJoinsOnceTheFillIsSent(t *testing.T) {
	var l Loads
	filling, goOn := make(chan struct{}), make(chan struct{})
	fill := func(*Item) (bool, error) {
		close(filling)
		<-goOn
		return true, nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ask := func(context.Context) (*Item, error) { return versioned(1), nil }
		_, _ = l.Run(context.Background(), "k", l.Arrive(), ask, fill)
	}()
	<-filling
	ask := func(context.Context) (*Item, error) { return versioned(2), nil }
	accepted := func(*Item) (bool, error) { return true, nil }
	item, err := l.Run(context.Background(), "k", l.Arrive(), ask, accepted)
	if err != nil || string(item.Value) != "2" {
		t.Fatal(item, err)
	}
	close(goOn)
	<-done
}

func TestALeaderThatGivesUpLeavesTheOthersAlone(t *testing.T) {
	var l Loads
	ctx, cancel := context.WithCancel(context.Background())
	begun := make(chan struct{})
	led := make(chan error)
	go func() {
		_, err := l.Run(ctx, "k", l.Arrive(), func(ctx context.Context) (*Item, error) {
			close(begun)
			<-ctx.Done()
			return nil, ctx.Err()
		}, nil)
		led <- err
	}()
	<-begun
	other := make(chan string)
	go func() {
		ask := func(context.Context) (*Item, error) { return versioned(2), nil }
		item, err := l.Run(context.Background(), "k", l.Arrive(), ask, func(*Item) (bool, error) { return false, nil })
		if err != nil {
			other <- err.Error()
			return
		}
		other <- string(item.Value)
	}()
	waiting()
	cancel()
	if err := <-led; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := <-other; got != "2" {
		t.Fatal(got)
	}
}

func TestALoadMayAskForItsOwnKeyAndMayPanic(t *testing.T) {
	var l Loads
	nothing := func(*Item) (bool, error) { return false, nil }
	inner := func(context.Context) (*Item, error) { return versioned(7), nil }
	outer := func(ctx context.Context) (*Item, error) { return l.Run(ctx, "k", l.Arrive(), inner, nothing) }
	if item, err := l.Run(context.Background(), "k", l.Arrive(), outer, nothing); err != nil || string(item.Value) != "7" {
		t.Fatal(item, err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = l.Run(context.Background(), "k", l.Arrive(), func(context.Context) (*Item, error) { panic("no") }, nothing)
	}()
	if item, err := l.Run(context.Background(), "k", l.Arrive(), inner, nothing); err != nil || string(item.Value) != "7" {
		t.Fatal(item, err)
	}
	if len(l.running) != 0 {
		t.Fatal("a load is left behind")
	}
}
