package web

import "testing"

func TestLatestStartsWithThePresent(t *testing.T) {
	var l latest[int]
	l.publish(1)
	c, cancel := l.subscribe()
	defer cancel()
	if got := <-c; got != 1 {
		t.Errorf("first value %d, want the one published before subscribing", got)
	}
}

func TestLatestSkipsAndNeverGoesBack(t *testing.T) {
	var l latest[int]
	c, cancel := l.subscribe()
	<-c
	l.publish(2)
	l.publish(3)
	if got := <-c; got != 3 {
		t.Errorf("got %d, want the newest, 3", got)
	}
	go func() {
		for i := range 10000 {
			l.publish(4 + i)
		}
	}()
	for prev := 3; prev < 10003; {
		v := <-c
		if v <= prev {
			t.Fatalf("%d after %d", v, prev)
		}
		prev = v
	}
	cancel()
	l.publish(0)
	select {
	case v := <-c:
		t.Errorf("a cancelled subscriber got %d", v)
	default:
	}
}
