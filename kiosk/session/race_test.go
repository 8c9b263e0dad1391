//go:build race

package session

// The race detector makes random visits thirty times dearer, and they have no
// goroutines to find races among.
const randomRuns = 500
