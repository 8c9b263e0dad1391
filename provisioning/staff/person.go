// Package staff knows who may use the centre's dashboard: people, their roles and
// units, how they sign in, and what they did.
package staff

import (
	"errors"
	"regexp"
	"slices"
	"time"
)

// A Role says what a person may do with what they see.
type Role string

const (
	Viewer   Role = "viewer"   // looks
	Operator Role = "operator" // and commands kiosks, gives codes, acknowledges, tries dossiers again
	Admin    Role = "admin"    // and adds and revokes kiosks, and people
)

// Roles, the least first.
var Roles = []Role{Viewer, Operator, Admin}

// AllUnits in a person's units stands for every unit there is and will be.
const AllUnits = "*"

// A Person as others may see them.
type Person struct {
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Units    []string  `json:"units"`
	TOTP     bool      `json:"totp"` // has a second factor
	Disabled bool      `json:"disabled"`
	Locked   time.Time `json:"locked,omitzero"` // until then, after wrong tries
	Added    time.Time `json:"added"`
	LastSeen time.Time `json:"last_seen,omitzero"` // when they last signed in
}

// May tells whether the role is at least this one.
func (p Person) May(r Role) bool { return slices.Index(Roles, p.Role) >= slices.Index(Roles, r) }

// Sees tells whether a unit is theirs. "" is a matter of the whole city.
func (p Person) Sees(unit string) bool {
	return slices.Contains(p.Units, AllUnits) || unit != "" && slices.Contains(p.Units, unit)
}

// Everywhere tells whether all units are theirs.
func (p Person) Everywhere() bool { return p.Sees("") }

var (
	// ErrWrong is all that a stranger learns of a failed sign-in.
	ErrWrong = errors.New("name, password or code is wrong")
	// ErrLocked says that there were too many wrong tries; time helps.
	ErrLocked = errors.New("too many wrong tries; wait")
	// ErrNeedsTOTP says that the password is right and a code is missing.
	ErrNeedsTOTP = errors.New("a code of the authenticator is needed")
	// ErrWeak says that a password is no good.
	ErrWeak = errors.New("a password has 12 to 200 characters and is not the name")
	// ErrNobody says that there is no such person.
	ErrNobody = errors.New("no such person")
	// ErrThere says that the name is taken.
	ErrThere = errors.New("there is somebody of this name")
	// ErrInvalid says that a name, role or unit is none.
	ErrInvalid = errors.New("a name is 2 to 32 of a-z, 0-9, dot and dash; a role is viewer, operator or admin; units are codes, or *")
	// ErrLastAdmin keeps the centre from losing who can let others in.
	ErrLastAdmin = errors.New("this is the last admin of all units")
)

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9.-]{0,30}[a-z0-9]$`)
	unitForm = regexp.MustCompile(`^(\*|[0-9A-Za-z]{1,10})$`)
)

func valid(name string, role Role, units []string) error {
	if !nameForm.MatchString(name) || !slices.Contains(Roles, role) || len(units) == 0 || len(units) > 500 ||
		slices.ContainsFunc(units, func(u string) bool { return !unitForm.MatchString(u) }) {
		return ErrInvalid
	}
	return nil
}
