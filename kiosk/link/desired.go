package link

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"tiepdan/kiosk/health"
)

// Desired is what a kiosk is to be, kept at the centre by kiosk. It names what is to be
// fetched by its hash, so that it is small, and what comes is what was meant.
type Desired struct {
	Config    string       `json:"config"`              // SHA-256 in hex of the configuration (YAML), without the facts of the machine
	Catalogue string       `json:"catalogue,omitempty"` // of the catalogue (a pack); "": the one the program was built with
	Notice    *health.Text `json:"notice,omitempty"`    // a word to who comes
	Locked    bool         `json:"locked,omitempty"`    // serves nobody until the centre says otherwise
	Keys      []KeyChange  `json:"keys,omitempty"`      // the chain to the present keys
	CA        string       `json:"ca,omitempty"`        // of the centre's certificates (PEM), signed: see [SignedCA]
}

const (
	// BucketDesired holds a [Desired] for each kiosk.
	BucketDesired = "desired"
	// BlobPath is where the centre serves what is named by its hash: BlobPath/<sha256>.
	BlobPath = "/blob"

	maxBlob     = 1 << 20
	blobWithin  = time.Minute
	directGet   = "$JS.API.DIRECT.GET.KV_" + BucketDesired + "."
	askAgain    = 30 * time.Second // after an answer that did not come
	statusEmpty = "404"            // of a direct get for a key that is not there
)

// askAfterHint is when it is asked again after a hint: that is heard as it passes, before it
// is kept, and in a cluster any copy answers, also one that is behind.
var askAfterHint = []time.Duration{200 * time.Millisecond, 2 * time.Second, 10 * time.Second}

// DesiredSubject is where a change of it is heard.
func DesiredSubject(kiosk string) string { return "$KV." + BucketDesired + "." + kiosk }

// HashOf is what a blob is called.
func HashOf(blob []byte) string {
	sum := sha256.Sum256(blob)
	return hex.EncodeToString(sum[:])
}

// WatchDesired calls emit with what this kiosk is to be, whenever the link comes up and
// whenever that changes, until ctx is done. A live message is only a hint to ask: so
// nothing that was missed, and nothing that came late, is ever taken for the newest.
func (c *Conn) WatchDesired(ctx context.Context, emit func(Desired)) error {
	seen := -1
	more, asked := (<-chan time.Time)(nil), 0
	for {
		c.mu.Lock()
		changes, changed := c.changes, c.changed
		c.mu.Unlock()
		again := (<-chan time.Time)(nil)
		if changes != seen {
			switch d, ok, err := c.desired(ctx); {
			case errors.Is(err, ErrDown):
				seen = changes // the next change is its coming up
			case err != nil:
				c.log.Warn("what is desired is not known", "err", err)
				again = time.After(askAgain)
			default:
				seen = changes
				if ok {
					emit(d)
				}
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-c.hints:
			seen = -1
			more, asked = time.After(askAfterHint[0]), 1
		case <-again:
		case <-more:
			seen, more = -1, nil
			if asked < len(askAfterHint) {
				more = time.After(askAfterHint[asked])
				asked++
			}
		}
	}
}

// desired asks for it; false: the centre has none for this kiosk.
func (c *Conn) desired(ctx context.Context) (Desired, bool, error) {
	nc, _ := c.now()
	if nc == nil {
		return Desired{}, false, ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	m, err := nc.RequestWithContext(ctx, directGet+DesiredSubject(c.creds.Kiosk), nil)
	if err != nil {
		return Desired{}, false, c.explain(err)
	}
	if m.Header.Get("Status") == statusEmpty {
		return Desired{}, false, nil
	}
	var d Desired
	if err := json.Unmarshal(m.Data, &d); err != nil {
		return Desired{}, false, fmt.Errorf("what is desired is none: %w", err)
	}
	return d, true, nil
}

// Blob fetches what is called by a hash, and holds it against that.
func (c *Conn) Blob(ctx context.Context, hash string) ([]byte, error) {
	base, err := parseCentre(c.creds.Centre)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, blobWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath(BlobPath, hash).String(), nil)
	if err != nil {
		return nil, err
	}
	client, err := c.creds.Client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBlob+1))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s", req.URL.Path, resp.Status)
	case len(b) > maxBlob || HashOf(b) != hash:
		return nil, fmt.Errorf("%s: what came is not what is called so", req.URL.Path)
	}
	return b, nil
}
