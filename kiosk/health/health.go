// Package health holds the named conditions a kiosk can be in, tracks which of
// them hold, and reports them. A condition is declared once, in conditions.go.
package health
