package catalogue

import (
	"slices"
	"time"
)

// Holds tells whether the condition holds for the answers given. A nil condition holds.
func (c *Condition) Holds(answers map[string]string) bool {
	switch {
	case c == nil:
		return true
	case len(c.All) > 0:
		return !slices.ContainsFunc(c.All, func(k *Condition) bool { return !k.Holds(answers) })
	case len(c.Any) > 0:
		return slices.ContainsFunc(c.Any, func(k *Condition) bool { return k.Holds(answers) })
	}
	return slices.Contains(c.In, answers[c.Field]) != c.Not
}

// condition checks a condition over earlier questions: each value it waits for is
// one that the question can have, else it would never hold and nobody would see.
func (a at) condition(c *Condition, before map[string]*Question, depth int) {
	forms := 0
	for _, set := range []bool{c.Field != "", len(c.All) > 0, len(c.Any) > 0} {
		if set {
			forms++
		}
	}
	switch {
	case forms != 1:
		a.fail(c.Field, "a condition has either field, all or any")
	case depth > 3:
		a.fail(c.Field, "nested too deep")
	case c.Field != "" && before[c.Field] == nil:
		a.in("field").fail(c.Field, "no earlier question has this name")
	case c.Field != "" && len(c.In) == 0:
		a.in("in").fail("", "missing")
	case c.Field != "":
		for i, value := range c.In { // "" is the answer of a question that was not asked
			canonical, err := before[c.Field].Check(value, time.Time{})
			if value != "" && (err != nil || canonical != value) {
				a.in("in[%d]", i).fail(value, "no answer that "+c.Field+" can have: the condition would never hold")
			}
		}
	}
	if depth > 3 {
		return
	}
	for i, k := range slices.Concat(c.All, c.Any) {
		if k == nil {
			a.in("[%d]", i).fail("", "empty condition")
			continue
		}
		a.in("[%d]", i).condition(k, before, depth+1)
	}
}
