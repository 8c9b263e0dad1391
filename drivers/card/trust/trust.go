// Package trust does passive authentication (Doc 9303-11 §5.1, 9303-12): the
// CMS of EF.SOD, the part of X.509 it needs, and stores of CSCA anchors.
package trust
