"""Vaults beside OpenZeppelin's plain one, made of its source, on the stage of the law.

One counts what it earns by time, one keeps a part of what is paid in, and one has a limit.
"""

SOURCE = """
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {ERC20, IERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

abstract contract Named is ERC4626 {
    constructor(IERC20 asset) ERC20("Odd", "O") ERC4626(asset) {}
}

/// Counts what it earns, eleven units a second, before it comes.
contract Accruing is Named {
    uint256 private immutable start = block.timestamp;

    constructor(IERC20 asset) Named(asset) {}

    function totalAssets() public view override returns (uint256) {
        return super.totalAssets() + 11 * (block.timestamp - start);
    }
}

/// Keeps one in a thousand units of what is paid in.
contract Charging is Named {
    constructor(IERC20 asset) Named(asset) {}

    function previewDeposit(uint256 assets) public view override returns (uint256) {
        return super.previewDeposit(assets - assets / 1000);
    }
}

/// Takes no more than a million units from anybody.
contract Limited is Named {
    constructor(IERC20 asset) Named(asset) {}

    function maxDeposit(address) public pure override returns (uint256) {
        return 1_000_000;
    }
}
"""
