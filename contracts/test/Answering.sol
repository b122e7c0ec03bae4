// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// How a contract answers what it is asked.
enum Manner {
    Honest,
    Reverting,
    Short
}

/// A token and a lending pool in one, which answer as they are told to.
contract Answering {
    mapping(address => uint256) private _values;
    Manner private _manner;

    function set(address account, uint256 value, Manner manner) external {
        _values[account] = value;
        _manner = manner;
    }

    function balanceOf(address account) external view returns (uint256) {
        _misbehave(31);
        return _values[account];
    }

    /// The other five are as far from the health factor as they can be, so that none is taken for it.
    function getUserAccountData(address account)
        external
        view
        returns (uint256, uint256, uint256, uint256, uint256, uint256)
    {
        _misbehave(191);
        uint256 health = _values[account];
        return (~health, ~health, ~health, ~health, ~health, health);
    }

    function _misbehave(uint256 size) private view {
        if (_manner == Manner.Reverting) revert("no answer");
        if (_manner == Manner.Short) {
            assembly {
                for { let at := 0 } lt(at, 192) { at := add(at, 32) } { mstore(at, not(0)) }
                return(0, size)
            }
        }
    }
}

/// Reverts with the error of the check itself, which it may not be believed.
contract Forging {
    error Late(uint256 timestamp, uint256 deadline);

    fallback() external {
        revert Late(2, 1);
    }
}

/// Burns all the gas that it is given.
contract Burning {
    fallback() external {
        assembly {
            invalid()
        }
    }
}

/// Tries to write while it is asked.
contract Writing {
    uint256 private _asked;

    function balanceOf(address) external returns (uint256) {
        _asked += 1;
        return type(uint256).max;
    }
}
