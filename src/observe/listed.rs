//! Enums whose values are listed once.

/// Defines an enum with the list of all its values.
macro_rules! listed {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $value:ident,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[repr(usize)]
        pub enum $name {
            $($(#[$doc])* $value,)*
        }

        impl $name {
            /// All, in order.
            pub const ALL: [Self; [$(Self::$value),*].len()] = [$(Self::$value),*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
        }
    };
}

pub(super) use listed;
