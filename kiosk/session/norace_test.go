//go:build !race

package session

const randomRuns = 10_000
