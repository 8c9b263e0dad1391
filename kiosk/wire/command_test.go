package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tiepdan/kiosk/session"
)

func TestDecodeCommand(t *testing.T) {
	for _, tt := range []struct {
		frame string
		want  error
	}{
		{`{"action":"next","screen":3,"value":"Nguyễn"}`, nil},
		{`{"action":"paper","screen":3,"values":{"code":"x","how":"counter"}}`, nil},
		{`{"action":"hello","screen":0,"visit":"t"}`, nil},
		{``, ErrCommand}, {`null`, ErrCommand}, {`[]`, ErrCommand}, {`"next"`, ErrCommand}, {`{}`, ErrCommand},
		{`{"action":""}`, ErrCommand},
		{`{"action":"next","screen":-1}`, ErrCommand},
		{`{"action":"next","screen":1.5}`, ErrCommand},
		{`{"action":"next","extra":1}`, ErrCommand},
		{`{"action":"next"}{"action":"next"}`, ErrCommand},
		{`{"action":"next"} x`, ErrCommand},
		{"{\"action\":\"next\",\"value\":\"\xff\"}", ErrCommand},
		{`{"action":"` + strings.Repeat("a", 65) + `"}`, ErrCommand},
		{`{"action":"next","value":"` + strings.Repeat("a", MaxCommand) + `"}`, ErrTooLarge},
		{`{"action":"next","values":{` + many(65) + `}}`, ErrCommand},
	} {
		_, err := DecodeCommand([]byte(tt.frame))
		if !errors.Is(err, tt.want) {
			t.Errorf("%.60s: %v, want %v", tt.frame, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "extra") {
			t.Errorf("the error quotes the frame: %v", err)
		}
	}
}

func many(n int) string {
	var entries []string
	for i := range n {
		entries = append(entries, fmt.Sprintf(`"k%d":""`, i))
	}
	return strings.Join(entries, ",")
}

func TestDecodeCounterCommand(t *testing.T) {
	if c, err := DecodeCounterCommand([]byte(`{"action":"recall","screen":9}`)); err != nil || c.Screen != 9 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, frame := range []string{`{"action":"reboot","screen":9}`, `{"action":"recall","value":""}`, `null`} {
		if _, err := DecodeCounterCommand([]byte(frame)); !errors.Is(err, ErrCommand) {
			t.Errorf("%s: %v", frame, err)
		}
	}
}

func TestCommandEvent(t *testing.T) {
	for _, tt := range []struct {
		c    Command
		want session.Event
	}{
		{Command{Action: "hello", Visit: "t"}, session.Hello{Visit: "t"}},
		{Command{Action: "touch", Screen: 4}, session.Touched{}},
		{Command{Action: "scan", Screen: 4, Value: "A012"}, session.Scanned{Text: "A012"}},
		{Command{Action: "next", Screen: 4, Value: "v"}, session.Pressed{Action: "next", Screen: 4, Value: "v"}},
	} {
		if got := tt.c.Event(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %#v", tt.c.Action, got)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", Command{Value: "secret"}, Command{Value: "secret"}, Command{Value: "secret"}); strings.Contains(s, "secret") {
		t.Errorf("what was typed gets into logs: %s", s)
	}
}

// Whatever parses encodes to something that parses to the same, and no frame
// stops the session.
func FuzzDecodeCommand(f *testing.F) {
	f.Add([]byte(`{"action":"next","screen":3,"value":"Nguyễn"}`))
	f.Add([]byte(`{"action":"paper","screen":1,"values":{"code":"x","how":"counter"}}`))
	f.Add([]byte(`{"action":"hello","screen":0,"visit":"t"}`))
	f.Add([]byte(`{"Action":"start","screen":2}`))
	k := newKiosk(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		c, err := DecodeCommand(frame)
		if err != nil {
			return
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeCommand(b)
		if len(b) <= MaxCommand && (err != nil || !same(c, again)) {
			t.Fatalf("%s became %s: %v", frame, b, err)
		}
		s, _ := k.s.Step(c.Event(), k.now)
		Encode(s, 1, k.now)
	})
}

func same(a, b Command) bool {
	if len(a.Values) == 0 && len(b.Values) == 0 {
		a.Values, b.Values = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
