#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ringshift_fuzz::calls::run(data));
