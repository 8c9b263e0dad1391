// Kiosk is the daemon of one reception kiosk, and the technician's commands on
// the device.
//
// One visit through the code, from card to receipt:
//
//  1. The reader reports a level; [cardsim.Reader] or the real one posts it to
//     [session.Machine], whose goroutine alone owns the visit's [session.State].
//  2. [session.State.Step] is pure: given an event it answers with the next state
//     and effects. A card and the text of its QR give the effect ReadCard.
//  3. The machine performs it with [cccd.Read]: PACE or BAC, the data groups, then
//     the chip proves itself (CA, AA) and the SOD is verified; the verdict says how
//     far the card is proven and no more.
//  4. After each step the state is published; [wire.Encode] makes it a View and
//     package web pushes it: whole, newest wins. Presses come back as Commands
//     that name the screen they saw; a press on a screen that is gone is dropped.
//  5. Choosing a procedure, its case, its questions and papers walks
//     [catalogue.Procedure]; answers live in the state, in memory only.
//  6. Confirming builds a [dossier.Dossier]; it is sealed to the gateway and
//     [store.Store.Record] commits it in one transaction. Only then is the
//     receipt number shown, and the slip printed by [printer.Printer].
//  7. [outbox.Outbox] hands the ciphertext to the centre over [link.Conn] when
//     there is one; the gateway opens it, checks the chip's evidence again, posts
//     it to One-Stop and signs a receipt. The kiosk verifies that and purges.
//  8. The visit ends: its context is cancelled, its state forgotten. What the
//     last person started cannot reach the next.
//
// What a technician does at /technician, and the centre's commands, is care.go; told.go
// makes the kiosk what its centre wants it to be. Both take effect by ending the run,
// when nobody stands there, and beginning anew in the same process (see runCommand);
// only a notice and a lock hold at once. diary.go tells the centre what began and ended
// here and how many visits came how far.
//
// run.go wires all of this; devices.go opens the real devices and
// devices_sim.go (absent from release builds) the simulated ones.
package main
