package card

import (
	"math/big"
	"strings"
	"testing"
)

// Coefficients as RFC 5639 §3 and SEC 2 print them.
func TestCurveCoefficients(t *testing.T) {
	for name, want := range map[string][2]string{
		"brainpoolP256r1": {"7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9",
			"26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6"},
		"brainpoolP384r1": {"7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826",
			"04A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11"},
		"P-256": {"FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
			"5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"},
	} {
		for _, c := range curves {
			if c.Name != name {
				continue
			}
			a, b := c.Coefficients()
			if hexInt(a) != strings.TrimLeft(want[0], "0") || hexInt(b) != strings.TrimLeft(want[1], "0") {
				t.Errorf("%s: a is %X, b is %X", name, a, b)
			}
		}
	}
}

func hexInt(n *big.Int) string { return strings.ToUpper(n.Text(16)) }

// Explicit parameters are only ever those of a whole known curve.
func TestCurveByParams(t *testing.T) {
	for _, c := range curves {
		k := c.Params()
		a, b := c.Coefficients()
		if got, ok := CurveByParams(k.P, a, b, k.Gx, k.Gy, k.N); !ok || got.ID != c.ID {
			t.Errorf("%s is not found by its parameters", c.Name)
		}
		// The generator somebody chose to know the private key of (CVE-2020-0601).
		x, y := addPoints(c.ec(), k.Gx, k.Gy, k.Gx, k.Gy)
		if _, ok := CurveByParams(k.P, a, b, x, y, k.N); ok {
			t.Errorf("%s with another generator is taken for it", c.Name)
		}
		if _, ok := CurveByParams(k.P, a, new(big.Int).Add(b, big.NewInt(1)), k.Gx, k.Gy, k.N); ok {
			t.Errorf("%s with another b is taken for it", c.Name)
		}
	}
}

func TestPointsOffTheCurveAreRefused(t *testing.T) {
	for _, c := range curves {
		good := c.encode(c.base())
		if _, _, err := c.ParsePoint(good); err != nil {
			t.Errorf("%s: its generator: %v", c.Name, err)
		}
		bad := append([]byte{}, good...)
		bad[len(bad)-1] ^= 1
		zero := make([]byte, len(good))
		zero[0] = 4
		for _, b := range [][]byte{bad, zero, good[:len(good)-1], {0}, nil} {
			if _, _, err := c.ParsePoint(b); err == nil {
				t.Errorf("%s: %X is taken for a point", c.Name, b)
			}
		}
	}
}
