package gateway

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// One-Stop fetches pages itself, by URL. A page is opened when it is asked for, behind
// 256 bits that are derived from what it is: an item that is sent again names the same
// URLs. Once it was fetched whole it may be fetched again for a little, since nobody knows
// whether the last bytes arrived; then page and URL are gone.

const (
	filesBucket = "files"
	// FilesPath is where [Gateway.Files] answers: FilesPath/<token>.
	FilesPath = "/files"

	onceMore    = 10 * time.Minute
	keepUnasked = 30 * 24 * time.Hour // what One-Stop never fetched
)

// A fileEntry is one page that One-Stop may fetch, under the hash of its token: who
// reads a backup can't ask for it.
type fileEntry struct {
	Kiosk   string                `json:"kiosk"`
	Receipt dossier.ReceiptNumber `json:"receipt"`
	Part    int                   `json:"part"`
	Pieces  []int                 `json:"pieces"`
	Made    time.Time             `json:"made"`
	Fetched time.Time             `json:"fetched,omitzero"`
}

func openFiles(ctx context.Context, js jetstream.JetStream, replicas int) (jetstream.KeyValue, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: filesBucket, Description: "pages that One-Stop may fetch", History: 1, Replicas: replicas})
	if err != nil {
		return nil, fmt.Errorf("gateway: bucket %s: %w", filesBucket, err)
	}
	return kv, nil
}

// fileToken is what a page's URL ends with.
func (g *Gateway) fileToken(kiosk string, r dossier.ReceiptNumber, part int) string {
	key := sha256.Sum256([]byte("tiepdan files v1\n" + g.Keys.Identity))
	mac := hmac.New(sha256.New, key[:])
	fmt.Fprintf(mac, "%s\n%s\n%d", kiosk, r, part)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func fileKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// errNoFilesURL says that nobody told this gateway where One-Stop reaches it.
var errNoFilesURL = errors.New("no -files-url: One-Stop could not fetch the pages")

// offer makes the pages of a dossier fetchable and returns their URLs by part.
func (w work) offer(ctx context.Context, m dossier.Manifest) (map[int]string, error) {
	if len(m) == 0 {
		return nil, nil
	}
	if w.g.FilesURL == "" {
		return nil, errNoFilesURL
	}
	pieces := map[int][]int{}
	for p := range link.Pieces(m) {
		pieces[p.Part] = append(pieces[p.Part], p.N)
	}
	urls := map[int]string{}
	for part, numbers := range pieces {
		token := w.g.fileToken(w.kiosk, w.receipt, part)
		data, err := json.Marshal(fileEntry{Kiosk: w.kiosk, Receipt: w.receipt, Part: part, Pieces: numbers, Made: time.Now().UTC()})
		if err != nil {
			return nil, err
		}
		if _, err := w.g.files.Create(ctx, fileKey(token), data); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			return nil, err
		}
		urls[part] = w.g.FilesURL + FilesPath + "/" + token
	}
	return urls, nil
}

// withdraw lets go of all pages of a dossier that One-Stop did not take.
func (w work) withdraw(ctx context.Context, m dossier.Manifest) error {
	var errs error
	for _, p := range m {
		errs = errors.Join(errs, w.g.files.Delete(ctx, fileKey(w.g.fileToken(w.kiosk, w.receipt, p.N))))
	}
	return errs
}

// Files serves pages to One-Stop.
func (g *Gateway) Files(w http.ResponseWriter, r *http.Request) {
	key := fileKey(r.PathValue("token"))
	e, err := g.files.Get(r.Context(), key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		var gone bool
		if gone, err = g.gone(r.Context(), key); gone {
			http.Error(w, "gone, or never there", http.StatusGone)
			return
		}
		err = errors.Join(err, errBehind)
	}
	var entry fileEntry
	if err == nil {
		err = json.Unmarshal(e.Value(), &entry)
	}
	var page dossier.Part
	if err == nil {
		page, err = g.page(r.Context(), entry)
	}
	if err != nil {
		g.Log.Error("a page could not be given to One-Stop", "receipt", entry.Receipt, "part", entry.Part, "err", err)
		w.Header().Set("Retry-After", "30")
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", page.MIME)
	w.Header().Set("Content-Length", strconv.Itoa(len(page.Data)))
	w.Header().Set("Cache-Control", "no-store")
	if _, err := w.Write(page.Data); err != nil {
		return // it comes again
	}
	if entry.Fetched.IsZero() {
		entry.Fetched = time.Now().UTC()
		data, err := json.Marshal(entry)
		if err == nil {
			_, err = g.files.Update(context.WithoutCancel(r.Context()), key, data, e.Revision())
		}
		if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			g.Log.Warn("a page that was fetched stays for longer", "receipt", entry.Receipt, "err", err)
		}
	}
}

// errBehind says that the copy that answered has not what others have.
var errBehind = errors.New("a node of the bus is behind")

// gone asks the leader whether a page is: any copy answers a Get, and one that is behind
// would have One-Stop give a page up for good.
func (g *Gateway) gone(ctx context.Context, key string) (bool, error) {
	ask, err := json.Marshal(map[string]string{"last_by_subj": "$KV." + filesBucket + "." + key})
	if err != nil {
		return false, err
	}
	m, err := g.Conn.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET.KV_"+filesBucket, ask)
	if err != nil {
		return false, err
	}
	var said struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Header []byte `json:"hdrs"`
		} `json:"message"`
	}
	if err := json.Unmarshal(m.Data, &said); err != nil {
		return false, err
	}
	switch {
	case said.Error != nil && said.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return true, nil
	case said.Error != nil:
		return false, said.Error
	}
	return bytes.Contains(said.Message.Header, []byte("KV-Operation")), nil // deleted, or purged
}

// page opens one.
func (g *Gateway) page(ctx context.Context, e fileEntry) (dossier.Part, error) {
	var sealed []byte
	for _, n := range e.Pieces {
		msg, err := g.parts.GetLastMsgForSubject(ctx, link.PartSubject(e.Kiosk, e.Receipt, n))
		if err != nil {
			return dossier.Part{}, fmt.Errorf("piece %d: %w", n, err)
		}
		sealed = append(sealed, msg.Data...)
	}
	return dossier.OpenPart(sealed, g.Keys.Identity, e.Receipt, e.Part)
}

// sweepFiles lets go of pages that were fetched, until ctx ends. Any number of gateways may.
func (g *Gateway) sweepFiles(ctx context.Context) error {
	ticks := time.NewTicker(g.FilesAgain / 10)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticks.C:
			if err := g.sweep(ctx, now); err != nil && ctx.Err() == nil {
				g.Log.Warn("pages that were fetched are still here", "err", err)
			}
		}
	}
}

func (g *Gateway) sweep(ctx context.Context, now time.Time) error {
	keep := keepUnasked
	if g.KeepPages != nil {
		var err error
		if keep, err = g.KeepPages(ctx); err != nil {
			return err
		}
	}
	keys, err := g.files.ListKeys(ctx)
	if err != nil {
		return err
	}
	var errs error
	for key := range keys.Keys() {
		e, err := g.files.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		var entry fileEntry
		if err == nil {
			err = json.Unmarshal(e.Value(), &entry)
		}
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		switch {
		case entry.Fetched.IsZero() && now.Sub(entry.Made) > keep:
			g.Log.Error("One-Stop never fetched a page", "receipt", entry.Receipt, "part", entry.Part)
		case entry.Fetched.IsZero() || now.Sub(entry.Fetched) < g.FilesAgain:
			continue
		}
		errs = errors.Join(errs, g.drop(ctx, key, entry))
	}
	return errs
}

// drop deletes a page: its pieces first, so that what fails is done again.
func (g *Gateway) drop(ctx context.Context, key string, e fileEntry) error {
	for _, n := range e.Pieces {
		if err := g.parts.Purge(ctx, jetstream.WithPurgeSubject(link.PartSubject(e.Kiosk, e.Receipt, n))); err != nil {
			return err
		}
	}
	return g.files.Delete(ctx, key)
}
