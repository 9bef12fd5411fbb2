//! What is compared of readings and judgements: everything but the chunk rows, and that the columns fit each other.

use std::collections::BTreeSet;

use stutterscope::core::{
    class::Class,
    engine::Engine,
    frame::Framing,
    reading::{ChannelKey, ChunkId, DeltaId, Frame, FrameId, Note, Reading},
};

/// What a split must not change: frames, deltas, notes and the dialect.
pub type Content = (Vec<Frame>, Vec<(FrameId, ChannelKey, String, bool)>, Vec<(FrameId, Note)>, Option<&'static str>);

/// Everything but the chunk rows.
pub fn content(reading: &Reading) -> Content {
    let frames = (0..reading.frame_count()).map(|id| Frame { chunk: ChunkId(0), ..reading.frame(FrameId(id)) });
    let deltas = reading.delta_ids().map(|id| reading.delta(id));
    (
        frames.collect(),
        deltas.map(|delta| (delta.frame, delta.key, delta.text.to_owned(), delta.snapshot)).collect(),
        reading.notes().to_vec(),
        reading.dialect().map(|(info, _)| info.id),
    )
}

/// Everything that a judgement says, except what depends on the reads.
pub fn said(engine: &Engine) -> String {
    let findings: Vec<_> = engine
        .judgement
        .findings
        .iter()
        .filter(|finding| finding.class != Class::Utf8Split)
        .map(|finding| (&finding.evidence, finding.class, finding.moment, &finding.deltas, finding.count, finding.span))
        .collect();
    let cuts: Vec<_> = engine.judgement.output.cuts.iter().map(|cut| (cut.delta, &cut.range, cut.moment)).collect();
    format!("{findings:?} {:?} {cuts:?} {:?}", engine.judgement.transitions, engine.judgement.output.holds)
}

/// The columns fit each other: ranges ascend, ids exist, every time is one of an input.
pub fn check_shape(reading: &Reading) {
    let (mut byte, mut delta) = (0, 0);
    for id in (0..reading.frame_count()).map(FrameId) {
        let frame = reading.frame(id);
        assert!(byte <= frame.start && frame.start <= frame.end, "{frame:?}");
        assert_eq!(frame.first_delta, delta);
        (byte, delta) = (frame.end, frame.deltas_end);
        assert!(reading.frame_at(id) <= reading.last_at());
        for delta in reading.deltas_of(id) {
            assert_eq!(reading.delta(DeltaId(delta)).frame, id);
        }
    }
    assert!(byte as usize <= reading.body().len());
    assert_eq!(delta, reading.delta_count());
    assert!(reading.notes().is_sorted_by_key(|(frame, _)| *frame));
    for chunk in (0..reading.chunk_count()).map(ChunkId) {
        let row = reading.chunk(chunk);
        assert!(row.start <= row.end && row.first_frame <= row.frames);
        (row.first_frame..row.frames).for_each(|frame| assert_eq!(reading.frame_at(FrameId(frame)), row.at));
        reading.chunk_splits_char(chunk);
    }
}

/// No byte of a body is lost: what lies outside of frames is white space, a byte order mark, or what joins the elements of an
/// array. Holds for one exchange that was not given up.
pub fn check_cover(reading: &Reading) {
    let joins: &[u8] = match reading.framing() {
        Some(Framing::Sse) => b"\r\n\xEF\xBB\xBF",
        Some(Framing::Ndjson | Framing::Json) => b" \t\r\n\x0C\xEF\xBB\xBF",
        Some(Framing::JsonArray) => b" \t\r\n\x0C\xEF\xBB\xBF[],",
        Some(Framing::EventStream) => b"",
        None => b" \t\r\n\x0C\xEF\xBB\xBF",
    };
    let frames = (0..reading.frame_count()).map(|id| reading.frame(FrameId(id)));
    let ends = frames.map(|frame| (frame.start, frame.end)).chain([(reading.body().len() as u32, reading.body().len() as u32)]);
    let mut at = 0;
    for (start, end) in ends {
        let between = &reading.body()[at as usize..start as usize];
        assert!(between.iter().all(|byte| joins.contains(byte)), "no frame has bytes {at}..{start}: {between:?}");
        at = end;
    }
}

/// received = emitted + suppressed + restated + held in every channel, and nothing is held at the end.
pub fn check_conservation(engine: &Engine) {
    let keys: BTreeSet<ChannelKey> = engine.reading.delta_ids().map(|delta| engine.reading.delta(delta).key).collect();
    for key in keys {
        let balance = engine.judgement.output.balance(&engine.reading, key);
        assert_eq!(balance.received, balance.emitted + balance.suppressed + balance.restated + balance.held, "{key:?}");
        assert_eq!(balance.held, 0, "{key:?} is held at the end");
    }
}
