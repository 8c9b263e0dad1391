// Package cardsim is a virtual chip ID card, the reader it lies on, and the
// line that carries it into a real pcscd.
//
// The chip is the other side of the protocol, from the letter of Doc 9303 and
// with ciphers of its own: BAC, PACE with generic mapping, secure messaging,
// chip and active authentication, a file system, status words. Its data is
// signed by the simulator's own authority ([CSCA]), which nobody trusts unless
// it is installed as an anchor; release builds do not contain this package.
//
//	chip, err := cardsim.New(persona, cardsim.Options{Fault: "torn:7"})
//	var reader cardsim.Reader
//	reader.Insert(chip)
package cardsim
