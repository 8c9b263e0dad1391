package link

import (
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
)

// PieceSize is the most of a sealed part that one message carries.
const PieceSize = 256 << 10

// A Piece is one message's worth of a sealed part. N numbers the pieces of the
// whole dossier from 0, in the order of the manifest.
type Piece struct {
	N        int
	Part     int // ManifestPart.N
	From, To int // of the part's ciphertext
}

// Pieces cuts the parts of a manifest. Kiosk and gateway cut the same way, so
// the gateway knows from the manifest alone which pieces must be there.
func Pieces(m dossier.Manifest) iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		n := 0
		for _, p := range m {
			for from := 0; from < p.Size; from += PieceSize {
				if !yield(Piece{N: n, Part: p.N, From: from, To: min(from+PieceSize, p.Size)}) {
					return
				}
				n++
			}
		}
	}
}

// StreamConfigs are the streams that kiosks publish to; replicas is 1 on one
// node, 3 in a cluster. Those of dossiers and parts take each subject once and refuse a second message
// (error 10077, "maximum messages per subject exceeded"), which tells a kiosk
// that came back that it is already handed over. None of the two forgets by age: what
// a kiosk was acknowledged stays until the gateway has signed for it.
func StreamConfigs(replicas int) []jetstream.StreamConfig {
	base := jetstream.StreamConfig{
		Storage:              jetstream.FileStorage,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		MaxMsgsPerSubject:    1,
		MaxMsgSize:           1 << 20,
		Replicas:             replicas,
		Duplicates:           2 * time.Minute,
		AllowDirect:          true,
	}
	dossiers, parts := base, base
	dossiers.Name, dossiers.Subjects = StreamDossiers, []string{"dossier.>"}
	dossiers.Description = "sealed forms, one work item each; gone when the gateway has signed"
	dossiers.Retention = jetstream.WorkQueuePolicy
	parts.Name, parts.Subjects = StreamParts, []string{"part.>"}
	parts.Description = "sealed papers in pieces; purged by the gateway after its receipt"
	parts.Retention = jetstream.LimitsPolicy
	parts.MaxMsgSize = PieceSize + 16<<10
	events := jetstream.StreamConfig{
		Name: StreamEvents, Subjects: []string{EventSubject("*", EventStarted), EventSubject("*", EventRaised), EventSubject("*", EventCleared), EventSubject("*", EventJourneys), EventSubject("*", EventDossier)},
		Description:       "what happened at kiosks: counted into reports, which are made again from here",
		Storage:           jetstream.FileStorage,
		Discard:           jetstream.DiscardOld,
		MaxMsgsPerSubject: maxEvents,
		MaxMsgSize:        maxEvent,
		MaxAge:            KeepEvents,
		Replicas:          replicas,
		Duplicates:        2 * time.Minute,
		AllowDirect:       true,
	}
	return []jetstream.StreamConfig{dossiers, parts, events}
}

const (
	// KeepEvents is how far back reports of visits can be made again.
	KeepEvents = 400 * 24 * time.Hour
	// maxEvents bounds what one kiosk may have there of each kind: it displaces its own alone.
	maxEvents = 20_000
	maxEvent  = 2 << 10
)

// Permissions are what the user JWT of a kiosk allows, and all it needs: its
// own subjects, no stream API, no consumer. Beside these it may answer each
// cmd request once within [ResponseWindow].
func Permissions(id string) (pub, sub []string) {
	pub = []string{
		"part." + id + ".>",
		"dossier." + id + ".>",
		"health." + id,
		"event." + id + ".*",
		"ask." + id + ".*",
		"$JS.API.DIRECT.GET.KV_desired.$KV.desired." + id,
	}
	sub = []string{
		InboxPrefix(id) + ".>",
		"receipt." + id + ".>",
		"cmd." + id + ".*",
		"$KV.desired." + id,
	}
	return pub, sub
}

// InboxPrefix is where replies to a kiosk go: its own, so that it hears no other's.
func InboxPrefix(id string) string { return "_INBOX." + id }

// ResponseWindow and Responses bound how a kiosk answers a cmd request.
const (
	ResponseWindow = 30 * time.Second
	Responses      = 1
)
