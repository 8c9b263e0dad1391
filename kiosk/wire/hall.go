package wire

import "time"

// CounterView is the whole of an officer's screen; newest wins, as [View].
type CounterView struct {
	Rev     uint64        `json:"rev"`
	Screen  uint64        `json:"screen"` // changes when what may be pressed changes
	Unit    string        `json:"unit"`
	Counter string        `json:"counter"` // "1"; empty: not signed in
	Officer string        `json:"officer"` // name, as configured
	Serving *HallTicket   `json:"serving,omitempty"`
	Waiting []HallWaiting `json:"waiting"` // services this counter serves, in the order of the screen
	Calls   []HallCall    `json:"calls"`   // last ones, newest first
	Today   HallToday     `json:"today"`
	Actions []string      `json:"actions"` // sign-out | call-next | recall | finish | absent
	Notice  *Notice       `json:"notice,omitempty"`
	At      time.Time     `json:"at"`
}

// CounterCommand is one press of an officer.
type CounterCommand struct {
	Action string `json:"action"` // sign-out | call-next | recall | finish | absent
	Screen uint64 `json:"screen"` // the epoch it was pressed on
}

// BoardView is what hangs in the hall. It holds no names.
type BoardView struct {
	Rev     uint64        `json:"rev"`
	Unit    string        `json:"unit"`
	Site    string        `json:"site"`
	Now     []HallCounter `json:"now"`     // every counter and the number it serves
	Calls   []HallCall    `json:"calls"`   // last ones, newest first
	Waiting []HallWaiting `json:"waiting"` // by service
	At      time.Time     `json:"at"`      // the page says when this is old
}

// HallTicket is a number and what it is for.
type HallTicket struct {
	Number  string    `json:"number"` // A012
	Service Text      `json:"service"`
	Issued  time.Time `json:"issued"`
	Called  time.Time `json:"called"`
	Recalls int       `json:"recalls"`
}

// HallCounter is one counter and the number it serves, empty when none.
type HallCounter struct {
	Counter string `json:"counter"`
	Number  string `json:"number"`
}

// HallWaiting is how many wait for one service.
type HallWaiting struct {
	Code   string `json:"code"`
	Letter string `json:"letter"`
	Name   Text   `json:"name"`
	Count  int    `json:"count"`
}

// HallCall is one call. Seq never repeats: a voice calls each once.
type HallCall struct {
	Seq     uint64    `json:"seq"`
	Number  string    `json:"number"`
	Counter string    `json:"counter"`
	At      time.Time `json:"at"`
	Recall  bool      `json:"recall"`
}

// HallToday are today's figures.
type HallToday struct {
	Issued   int `json:"issued"`
	Finished int `json:"finished"`
	Absent   int `json:"absent"`
}
