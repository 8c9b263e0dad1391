// Package pcsc is the way to real card readers: pcscd, through its C library.
// It is the one package with cgo, and only under the build tag pcsc; without
// the tag the same names are there and say how to get the rest.
//
//	r := pcsc.New("")            // any reader
//	go r.Watch(ctx, emit)        // levels, not edges
//	t, err := r.Connect()        // the card that lies there now
package pcsc
