//! MD5 in hex, as `md5sum` prints it and Quobyte's volume drivers name mount points by it.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

pub(crate) fn md5(bytes: impl AsRef<[u8]>) -> String {
    Md5::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes all");
        hex
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_what_md5sum_prints() {
        // RFC 1321, appendix A.5.
        assert_eq!(super::md5("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
