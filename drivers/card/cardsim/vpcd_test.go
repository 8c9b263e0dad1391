package cardsim_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
)

// vpcd is the reader's end of the line, which writes length and payload apart.
type vpcd struct{ net.Conn }

func (v vpcd) send(b ...byte) error {
	if _, err := v.Write(binary.BigEndian.AppendUint16(nil, uint16(len(b)))); err != nil {
		return err
	}
	_, err := v.Write(b)
	return err
}

func (v vpcd) ask(b ...byte) ([]byte, error) {
	if err := v.send(b...); err != nil {
		return nil, err
	}
	var head [2]byte
	if _, err := io.ReadFull(v, head[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint16(head[:]))
	_, err := io.ReadFull(v, answer)
	return answer, err
}

func (v vpcd) Transmit(_ context.Context, apdu []byte) ([]byte, error) { return v.ask(apdu...) }

// slot opens a port as vpcd does and lays chip on it.
func slot(t *testing.T, chip *cardsim.Chip) (v vpcd, ended <-chan error, pull func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	done := make(chan error, 1)
	go func() { done <- cardsim.ServeVPCD(ctx, l.Addr().String(), chip) }()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second)) // so that a fault fails and does not hang
	return vpcd{conn}, done, cancel
}

func TestVPCD(t *testing.T) {
	v, ended, _ := slot(t, issue(t, "an", cardsim.Options{}))
	if err := v.send(1); err != nil { // power on has no answer
		t.Fatal(err)
	}
	atr, err := v.ask(4)
	if err != nil || len(atr) != 10 || atr[0] != 0x3B {
		t.Fatalf("ATR %X, %v", atr, err)
	}
	var check byte
	for _, b := range atr[1:] {
		check ^= b
	}
	if check != 0 {
		t.Errorf("ATR %X: check byte", atr)
	}
	p := persona(t, "an")
	r, err := read(v, can(p), anchored(t))
	if err != nil || r.Identity.Name != p.Holder.Name || r.Verdict.Grade != cccd.GradeGenuine {
		t.Fatalf("read over the line: %v, %s", err, r.Verdict.Grade)
	}
	// A reset ends the session: what follows in it is refused.
	if err := v.send(2); err != nil {
		t.Fatal(err)
	}
	if got, err := v.ask(0, 0xB0, 0x9E, 0, 0); err != nil || !bytes.Equal(got, []byte{0x6A, 0x82}) {
		t.Errorf("after a reset: %X, %v", got, err)
	}
	v.Close()
	if err := <-ended; err != nil {
		t.Errorf("the reader hung up: %v", err)
	}
}

func TestVPCDFaults(t *testing.T) {
	v, ended, _ := slot(t, issue(t, "dung", cardsim.Options{Fault: "torn:3"}))
	if _, err := read(v, can(persona(t, "dung")), nil); err == nil {
		t.Error("read a card that was pulled")
	}
	if err := <-ended; !errors.Is(err, card.ErrRemoved) {
		t.Errorf("torn: %v", err)
	}

	_, ended, pull := slot(t, issue(t, "dung", cardsim.Options{}))
	pull()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}

	v, ended, _ = slot(t, issue(t, "dung", cardsim.Options{}))
	if err := v.send(9); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, card.ErrMalformed) {
		t.Errorf("unknown control byte: %v", err)
	}

	v, ended, _ = slot(t, issue(t, "dung", cardsim.Options{}))
	if _, err := v.Write([]byte{0, 9, 1}); err != nil {
		t.Fatal(err)
	}
	v.Close()
	if err := <-ended; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("message cut short: %v", err)
	}
}
