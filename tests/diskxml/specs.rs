//! Disks of every kind: each option with every value that it can have, in all combinations that are not refused.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use virt_quobyte::diskxml::{
    Access, BlockSizes, Bus, Cache, DetectZeroes, Device, Discard, Disk, DiskSpec, ErrorPolicy,
    Format, ImagePath, Io, Limit, Limits, Sharing, Target, Word, WrittenDisk,
};
use virt_quobyte::share::MountPoint;

fn word<W: Word>() -> impl Strategy<Value = W> {
    prop::sample::select(W::ALL)
}

fn some_word<W: Word>() -> impl Strategy<Value = Option<W>> {
    prop::option::of(word())
}

fn limits() -> impl Strategy<Value = Limits> {
    let value = prop_oneof![Just(1), 1..1000_u64, Just(virt_quobyte::diskxml::MOST)];
    let all: Vec<Limit> = Limit::all().collect();
    let some = prop::collection::vec((prop::sample::select(all), value), 0..4);
    some.prop_map(|some| {
        let mut limits = Limits::default();
        for (limit, value) in some {
            limits.set(limit, value);
        }
        limits
    })
}

/// Any wish, sensible or not; the sensible ones are not rare.
pub(crate) fn spec() -> impl Strategy<Value = DiskSpec> {
    let size = || {
        prop::option::weighted(0.2, prop::sample::select(vec![512, 1024, 4096, 32768, 65536, 513]))
    };
    let place =
        (word::<Bus>(), 0..30_usize, any::<prop::sample::Index>(), prop::bool::weighted(0.1));
    let target = place.prop_map(|(bus, at, other, astray)| {
        let prefix =
            if astray { Target::prefix_of(*other.get(Bus::ALL)) } else { Target::prefix_of(bus) };
        let letter = |n: usize| char::from(b'a' + u8::try_from(n).expect("a letter"));
        let letters =
            if at < 26 { letter(at % 4).to_string() } else { format!("a{}", letter(at - 26)) };
        (bus, format!("{prefix}{letters}").parse::<Target>().expect("a target"))
    });
    let image = "[!-.0-~ä東 ]{1,12}x".prop_map(|name| {
        let share: MountPoint = "/srv/quobyte/gold".parse().expect("a good path");
        ImagePath::on(&share, &name.parse().expect("a good name"))
    });
    let driver = (
        (word::<Device>(), word::<Format>(), word::<Cache>(), word::<Io>()),
        (some_word::<Discard>(), some_word::<DetectZeroes>()),
        (word::<ErrorPolicy>(), word::<ErrorPolicy>()),
        (prop::option::weighted(0.3, 0..5_u32), prop::option::weighted(0.3, 0..9_u32)),
    );
    let rest = (
        (size(), size()),
        limits(),
        (word::<Access>(), word::<Sharing>()),
        prop::option::weighted(0.3, "[A-Za-z0-9_.+-]{1,24}"),
        prop::option::weighted(0.3, 0..4_u32),
        prop::option::weighted(0.2, 0..8_u16),
        prop::option::weighted(0.2, "[0-9a-f]{32}"),
    );
    (target, image, driver, rest).prop_map(|((bus, target), image, driver, rest)| {
        let ((device, format, cache, io), zeroes, policies, (iothread, queues)) = driver;
        let ((logical, physical), limits, (access, sharing), serial, boot, unit, secret) = rest;
        DiskSpec {
            device,
            format,
            cache,
            io,
            discard: zeroes.0,
            detect_zeroes: zeroes.1,
            error_policy: policies.0,
            rerror_policy: policies.1,
            iothread,
            queues,
            blocks: BlockSizes { logical, physical },
            limits,
            access,
            sharing,
            serial: serial.map(|text| text.parse().expect("a good serial number")),
            boot,
            unit,
            luks_secret: secret.map(|text| text.parse().expect("a UUID")),
            ..DiskSpec::new(image, target, bus)
        }
    })
}

/// So many different disks that can be, the same ones every time.
pub(crate) fn disks(count: usize) -> Vec<Disk> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = spec();
    let mut disks = Vec::with_capacity(count);
    while disks.len() < count {
        let wish = strategy.new_tree(&mut runner).expect("a value").current();
        disks.extend(wish.check().ok());
    }
    disks
}

#[test]
fn the_disks_that_are_tried_have_every_word_on_every_bus() {
    let disks = disks(2000);
    for bus in Bus::ALL {
        for device in Device::ALL {
            let found =
                disks.iter().any(|disk| disk.spec().bus == *bus && disk.spec().device == *device);
            assert_eq!(
                found,
                !(*bus == Bus::Virtio && *device == Device::Cdrom),
                "{device} on {bus}"
            );
        }
    }
    let text: String =
        disks.iter().map(|disk| WrittenDisk::Libvirt(disk.clone()).to_xml()).collect();
    for limit in Limit::all() {
        assert!(text.contains(&format!("<{limit}>")), "{limit}");
    }
    let pairs = [
        ("type", Format::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>()),
        ("cache", Cache::ALL.iter().map(|it| it.as_str()).collect()),
        ("io", Io::ALL.iter().map(|it| it.as_str()).collect()),
        ("discard", Discard::ALL.iter().map(|it| it.as_str()).collect()),
        ("detect_zeroes", DetectZeroes::ALL.iter().map(|it| it.as_str()).collect()),
        ("error_policy", ErrorPolicy::ALL.iter().map(|it| it.as_str()).collect()),
        ("rerror_policy", ErrorPolicy::ALL.iter().map(|it| it.as_str()).collect()),
    ];
    for (attribute, words) in pairs {
        for word in words {
            assert!(text.contains(&format!(" {attribute}='{word}'")), "{attribute} {word}");
        }
    }
    for part in [
        "<readonly/>",
        "<shareable/>",
        "<serial>",
        "<boot ",
        "<address ",
        "<encryption ",
        "<blockio ",
        "queues=",
        "iothread=",
    ] {
        assert!(text.contains(part), "{part}");
    }
}
